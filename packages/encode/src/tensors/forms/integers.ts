import { fromCodes, toCodes } from '../codes.js';
import { decodeIntegers, encodeIntegers } from '../integer-stream.js';
import type { TensorForm } from '../plain-tensor.js';

/** Integers of any width up to 32 bits in use; packed ones are unpacked. */
export const integers: TensorForm = {
  name: 'integers',

  encode(tensor) {
    const codes = toCodes(tensor);
    return codes && encodeIntegers(codes, tensor.dims);
  },

  decode: (body, spec) => fromCodes(decodeIntegers(body, spec.dims), spec),
};
