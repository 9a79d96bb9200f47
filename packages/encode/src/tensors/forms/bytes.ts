import { dtypeByteLength } from '@gossamer/graph';
import type { BinaryCoder } from '../../coders/binary-coder.js';
import { BitModels } from '../../coders/bit-models.js';
import { checkSymbols } from '../../coders/check-symbols.js';
import { RangeDecoder } from '../../coders/range-decoder.js';
import { RangeEncoder } from '../../coders/range-encoder.js';
import type { TensorForm } from '../plain-tensor.js';

/** Fewer bytes do not fill the contexts. */
const MIN_BYTES = 64;

/** Types whose bytes may be text or other data; `planes` and `integers` know the others better. */
const PLAIN = /^uint8$|^u?int64$|^complex|^float(6e|8)/;

/** Bytes of anything, each under the one before it. */
export const bytes: TensorForm = {
  name: 'bytes',

  encode(tensor) {
    if (tensor.bytes.length < MIN_BYTES || !PLAIN.test(tensor.dtype)) return undefined;
    const encoder = new RangeEncoder();
    code(encoder, tensor.bytes.slice());
    return encoder.finish();
  },

  decode(body, { dtype, dims }) {
    const byteLength = dtypeByteLength(
      dtype,
      dims.reduce((a, b) => a * b, 1),
    );
    checkSymbols(8 * byteLength, body.length);
    const decoded = new Uint8Array(byteLength);
    code(new RangeDecoder(body), decoded);
    return decoded;
  },
};

function code(coder: BinaryCoder, content: Uint8Array): void {
  const models = new BitModels(256 * 256);
  for (let i = 0, last = 0; i < content.length; i++) {
    last = models.codeTree(coder, last << 8, 8, content[i]!);
    content[i] = last;
  }
}
