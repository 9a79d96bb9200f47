import { fromCodes, requireCodes, toCodes } from '../codes.js';
import { planIntegers, readIntegers } from '../integer-stream.js';
import type { TensorForm } from '../plain-tensor.js';

/** Integers of any width up to 32 bits in use; packed ones are unpacked. */
export const integers: TensorForm = {
  name: 'integers',

  plan(tensor) {
    const codes = toCodes(tensor);
    return codes && planIntegers(codes, tensor.dims);
  },

  read(coder, spec) {
    requireCodes(spec);
    return fromCodes(readIntegers(coder, spec.dims), spec);
  },
};
