import { dtypeByteLength } from '@gossamer/graph';
import { encodeError } from '../../error-codes.js';
import { decodeFloatPlanes, encodeFloatPlanes } from '../code-float-planes.js';
import { floatParts } from '../float-parts.js';
import type { TensorForm } from '../plain-tensor.js';

/** Floats of any kind, NaN payloads and -0 included. */
export const planes: TensorForm = {
  name: 'planes',

  encode({ dtype, bytes }) {
    const parts = floatParts(dtype);
    return parts && encodeFloatPlanes(bytes, parts);
  },

  decode(body, { dtype, dims }) {
    const parts = floatParts(dtype);
    if (!parts) throw encodeError('ERR_GSM_FORMAT', `planes: expected floats, received ${dtype}`);
    return decodeFloatPlanes(
      body,
      dtypeByteLength(
        dtype,
        dims.reduce((a, b) => a * b, 1),
      ),
      parts,
    );
  },
};
