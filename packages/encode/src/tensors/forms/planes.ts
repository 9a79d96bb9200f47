import { encodeError } from '../../error-codes.js';
import { decodeFloatPlanes, encodeFloatPlanes, planFloatPlanes, readFloatPlanes } from '../code-float-planes.js';
import { type FloatParts, floatParts } from '../float-parts.js';
import { byteLengthOf, elementCount, type TensorForm, type TensorSpec } from '../plain-tensor.js';

/** Floats of any kind, NaN payloads and -0 included. */
export const planes: TensorForm = {
  name: 'planes',

  plan({ dtype, bytes }) {
    const parts = floatParts(dtype);
    return parts && planFloatPlanes(bytes, parts);
  },

  read: (coder, spec) => readFloatPlanes(coder, new Uint8Array(byteLengthOf(spec)), partsOf(spec)),

  body: {
    encode({ dtype, bytes }) {
      const parts = floatParts(dtype);
      return parts && encodeFloatPlanes(bytes, parts);
    },

    decode: (body, spec) => decodeFloatPlanes(body, elementCount(spec) * partsOf(spec).width, partsOf(spec)),
  },
};

function partsOf({ dtype }: TensorSpec): FloatParts {
  const parts = floatParts(dtype);
  if (parts) return parts;
  throw encodeError('ERR_GSM_FORMAT', `planes: expected floats, received ${dtype}`);
}
