import { encodeError } from '../error-codes.js';
import { countOf, elementWidth, findNonzeros, placeNonzeros } from './nonzeros.js';
import type { SparseForm } from './sparse-form.js';

/** What an ONNX sparse_initializer holds: the positions in the flat tensor (int64), rising, and the elements. */
export const coordinates: SparseForm = {
  name: 'coordinates',

  encode(tensor) {
    const { positions, values } = findNonzeros(tensor);
    const body = new Uint8Array(8 * positions.length + values.length);
    const view = new DataView(body.buffer);
    positions.forEach((position, i) => view.setBigInt64(8 * i, BigInt(position), true));
    body.set(values, 8 * positions.length);
    return body;
  },

  decode(body, spec) {
    const width = elementWidth(spec);
    const count = body.length / (8 + width);
    if (!Number.isInteger(count))
      throw encodeError('ERR_GSM_FORMAT', `coordinates: expected whole entries, received ${body.length} bytes`);
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const positions = Float64Array.from({ length: count }, (_, i) => {
      const position = view.getBigInt64(8 * i, true);
      return position >= 0n && position < BigInt(countOf(spec)) ? Number(position) : Infinity;
    });
    return placeNonzeros(spec, positions, body.subarray(8 * count));
  },
};
