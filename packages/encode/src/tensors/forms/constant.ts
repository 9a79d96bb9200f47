import { dtypeBits, dtypeByteLength } from '@gossamer/graph';
import { encodeError } from '../../error-codes.js';
import type { TensorForm } from '../plain-tensor.js';

/** All elements alike: one of them, without the zero bytes at its end. A tensor of zeros takes nothing. */
export const constant: TensorForm = {
  name: 'constant',

  encode({ dtype, bytes }) {
    const width = Math.ceil(dtypeBits(dtype) / 8);
    for (let i = width; i < bytes.length; i++) if (bytes[i] !== bytes[i - width]) return undefined;
    let end = Math.min(width, bytes.length);
    while (end > 0 && bytes[end - 1] === 0) end--;
    return bytes.slice(0, end);
  },

  decode(body, { dtype, dims }) {
    const width = Math.ceil(dtypeBits(dtype) / 8);
    if (body.length > width)
      throw encodeError('ERR_GSM_FORMAT', `constant: expected at most ${width} bytes, received ${body.length}`);
    const bytes = new Uint8Array(
      dtypeByteLength(
        dtype,
        dims.reduce((a, b) => a * b, 1),
      ),
    );
    if (body.length > 0) for (let i = 0; i < bytes.length; i++) bytes[i] = body[i % width] ?? 0;
    return bytes;
  },
};
