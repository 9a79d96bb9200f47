import { codeScale } from '../code-scale.js';
import { findScale, levelOf } from '../find-scale.js';
import { bytesOf, floatsOf } from '../float-words.js';
import { decodeIntegers, encodeIntegers } from '../integer-stream.js';
import type { TensorForm } from '../plain-tensor.js';

/** float32 elements that are integers times one scale, to the bit: what a symmetric quantizer leaves. */
export const scaled: TensorForm = {
  name: 'scaled',

  encode({ dtype, dims, bytes }) {
    if (dtype !== 'float32') return undefined;
    const values = floatsOf(bytes);
    const scale = findScale(values);
    if (scale === undefined) return undefined;
    const levels = Int32Array.from(values, (value) => levelOf(value, scale));
    return encodeIntegers(levels, dims, (coder) => codeScale(coder, scale));
  },

  decode(body, { dims }) {
    let scale = 0;
    const levels = decodeIntegers(body, dims, (coder) => (scale = codeScale(coder, 0)));
    return bytesOf(Float32Array.from(levels, (level) => level * scale));
  },
};
