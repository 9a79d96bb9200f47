import { dtypeByteLength } from '@gossamer/graph';
import { encodeError } from '../../error-codes.js';
import type { TensorForm } from '../plain-tensor.js';

/** The bytes as they are. */
export const raw: TensorForm = {
  name: 'raw',

  encode: ({ bytes }) => bytes,

  decode(body, { dtype, dims }) {
    const byteLength = dtypeByteLength(
      dtype,
      dims.reduce((a, b) => a * b, 1),
    );
    if (body.length === byteLength) return body.slice();
    throw encodeError('ERR_GSM_FORMAT', `raw tensor: expected ${byteLength} bytes, received ${body.length}`);
  },
};
