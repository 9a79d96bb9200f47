import { ByteReader } from '../coders/byte-reader.js';
import { encodeError } from '../error-codes.js';
import { countOf, elementWidth, findNonzeros, placeNonzeros } from './nonzeros.js';
import type { SparseForm } from './sparse-form.js';

/** A bit an element, the first in the lowest, then the elements that are not 0. Pays where more than 1 in 8 x width is 0. */
export const bitmask: SparseForm = {
  name: 'bitmask',

  encode(tensor) {
    const { count, positions, values } = findNonzeros(tensor);
    const maskBytes = Math.ceil(count / 8);
    const body = new Uint8Array(maskBytes + values.length);
    for (const position of positions) body[position >>> 3]! |= 1 << (position & 7);
    body.set(values, maskBytes);
    return body;
  },

  decode(body, spec) {
    const reader = new ByteReader(body);
    const mask = reader.bytes(Math.ceil(countOf(spec) / 8));
    const positions: number[] = [];
    mask.forEach((byte, i) => {
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) positions.push(8 * i + bit);
    });
    const values = reader.rest();
    if (values.length === positions.length * elementWidth(spec)) return placeNonzeros(spec, positions, values);
    throw encodeError(
      'ERR_GSM_FORMAT',
      `bitmask: expected ${positions.length} elements, received ${values.length} bytes`,
    );
  },
};
