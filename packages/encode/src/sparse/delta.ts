import { encodeError } from '../error-codes.js';
import { elementWidth, findNonzeros, placeNonzeros } from './nonzeros.js';
import type { SparseForm } from './sparse-form.js';

/** The largest gap that one byte says. */
const MAX_GAP = 255;

/**
 * A byte of gap (zeros since the last entry) and the element, for each element that is not 0; a longer run of zeros has entries of 0 in
 * it. Source: Han, Mao & Dally, "Deep Compression", ICLR 2016, section 2, there with 5 and 8 bits.
 */
export const delta: SparseForm = {
  name: 'delta',

  encode(tensor) {
    const { width, positions, values } = findNonzeros(tensor);
    const entries: number[] = [];
    let last = -1;
    positions.forEach((position, i) => {
      for (; position - last - 1 > MAX_GAP; last += MAX_GAP + 1) entries.push(MAX_GAP, -1);
      entries.push(position - last - 1, i);
      last = position;
    });
    const body = new Uint8Array((entries.length / 2) * (1 + width));
    for (let e = 0, at = 0; e < entries.length; e += 2, at += 1 + width) {
      const index = entries[e + 1]!;
      body[at] = entries[e]!;
      if (index >= 0) body.set(values.subarray(index * width, (index + 1) * width), at + 1);
    }
    return body;
  },

  decode(body, spec) {
    const width = elementWidth(spec);
    const count = body.length / (1 + width);
    if (!Number.isInteger(count))
      throw encodeError('ERR_GSM_FORMAT', `delta: expected whole entries, received ${body.length} bytes`);
    const positions = new Float64Array(count);
    const values = new Uint8Array(count * width);
    for (let i = 0, last = -1; i < count; i++) {
      const at = i * (1 + width);
      last += body[at]! + 1;
      positions[i] = last;
      values.set(body.subarray(at + 1, at + 1 + width), i * width);
    }
    return placeNonzeros(spec, positions, values);
  },
};
