import type { BinaryCoder } from '../../coders/binary-coder.js';
import { BitModels } from '../../coders/bit-models.js';
import { encodeError } from '../../error-codes.js';
import { byteLengthOf, type TensorForm } from '../plain-tensor.js';

/** Fewer bytes do not fill the contexts, which many small tensors would make anew each time. */
const MIN_BYTES = 64;

/** Types whose bytes may be text or other data; `planes` and `integers` know the others better. */
const PLAIN = /^uint8$|^u?int64$|^complex|^float(6e|8)/;

/** Bytes of anything, each under the one before it. */
export const bytes: TensorForm = {
  name: 'bytes',

  plan({ dtype, bytes: content }) {
    if (content.length < MIN_BYTES || !PLAIN.test(dtype)) return undefined;
    return (coder) => void code(coder, content.slice());
  },

  read(coder, spec) {
    const byteLength = byteLengthOf(spec);
    if (byteLength < MIN_BYTES)
      throw encodeError('ERR_GSM_FORMAT', `bytes: expected at least ${MIN_BYTES} of them, received ${byteLength}`);
    return code(coder, new Uint8Array(byteLength));
  },

  decisions: (spec) => 8 * byteLengthOf(spec),
};

function code(coder: BinaryCoder, content: Uint8Array): Uint8Array {
  const models = new BitModels(256 * 256);
  for (let i = 0, last = 0; i < content.length; i++) {
    last = models.codeTree(coder, last << 8, 8, content[i]!);
    content[i] = last;
  }
  return content;
}
