import { dtypeBits } from '@gossamer/graph';
import { codeRaw } from '../../coders/binary-coder.js';
import { byteLengthOf, type TensorForm } from '../plain-tensor.js';

/** All elements alike: one of them, less than that for zeros. */
export const constant: TensorForm = {
  name: 'constant',

  plan({ dtype, bytes }) {
    const width = Math.ceil(dtypeBits(dtype) / 8);
    for (let i = width; i < bytes.length; i++) if (bytes[i] !== bytes[i - width]) return undefined;
    const element = bytes.subarray(0, width);
    const isZero = element.every((byte) => byte === 0) ? 1 : 0;
    return (coder) => {
      if (codeRaw(coder, 1, isZero) === 0) for (const byte of element) codeRaw(coder, 8, byte);
    };
  },

  read(coder, spec) {
    const bytes = new Uint8Array(byteLengthOf(spec));
    if (codeRaw(coder, 1, 0) === 1) return bytes;
    const element = new Uint8Array(Math.ceil(dtypeBits(spec.dtype) / 8)).map(() => codeRaw(coder, 8, 0));
    for (let i = 0; i < bytes.length; i++) bytes[i] = element[i % element.length]!;
    return bytes;
  },

  decisions: () => 0,
};
