import { codeRaw } from '../../coders/binary-coder.js';
import { encodeError } from '../../error-codes.js';
import { byteLengthOf, type TensorForm } from '../plain-tensor.js';

/** The bytes as they are. */
export const raw: TensorForm = {
  name: 'raw',

  plan:
    ({ bytes }) =>
    (coder) => {
      for (const byte of bytes) codeRaw(coder, 8, byte);
    },

  read: (coder, spec) => new Uint8Array(byteLengthOf(spec)).map(() => codeRaw(coder, 8, 0)),

  body: {
    encode: ({ bytes }) => bytes,

    decode(body, spec) {
      const byteLength = byteLengthOf(spec);
      if (body.length === byteLength) return body.slice();
      throw encodeError('ERR_GSM_FORMAT', `raw tensor: expected ${byteLength} bytes, received ${body.length}`);
    },
  },
};
