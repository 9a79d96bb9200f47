import { dtypeBits } from '@gossamer/graph';
import type { BinaryCoder } from '../../coders/binary-coder.js';
import { BitModels } from '../../coders/bit-models.js';
import { codeExpGolomb, EXP_GOLOMB_CONTEXTS } from '../../coders/exp-golomb.js';
import { encodeError } from '../../error-codes.js';
import { bytesOf, wordsOf } from '../float-words.js';
import { planIntegers, readIntegers } from '../integer-stream.js';
import type { TensorForm } from '../plain-tensor.js';

const MAX_ENTRIES = 4096;

/** Elements of 2 or 4 bytes that take few values: the values by bits, in the order of their numbers, and an index each. */
export const table: TensorForm = {
  name: 'table',

  plan({ dtype, dims, bytes }) {
    const width = dtypeBits(dtype) / 8;
    if (width !== 2 && width !== 4) return undefined;
    const words = wordsOf(bytes, width);
    const keys = new Set<number>();
    for (const word of words) {
      keys.add(keyOf(word, width));
      if (keys.size > MAX_ENTRIES || keys.size > words.length / 2 + 1) return undefined;
    }
    const sorted = Float64Array.from(keys).sort();
    const indexOf = new Map(Array.from(sorted, (key, index) => [key, index]));
    const plan = planIntegers(
      Int32Array.from(words, (word) => indexOf.get(keyOf(word, width))!),
      dims,
    );
    return (coder) => {
      codeKeys(coder, sorted, width);
      plan(coder);
    };
  },

  read(coder, { dtype, dims }) {
    const width = dtypeBits(dtype) / 8;
    if (width !== 2 && width !== 4)
      throw encodeError('ERR_GSM_FORMAT', `table: expected elements of 2 or 4 bytes, received ${dtype}`);
    const keys = codeKeys(coder, new Float64Array(), width);
    const indices = readIntegers(coder, dims);
    const words = width === 2 ? new Uint16Array(indices.length) : new Uint32Array(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const key = keys[indices[i]!];
      if (key === undefined)
        throw encodeError('ERR_GSM_FORMAT', `table: expected an index below ${keys.length}, received ${indices[i]}`);
      words[i] = wordOf(key, width);
    }
    return bytesOf(words);
  },
};

/** Rising with the number of a float: sign and magnitude unfolded. */
function keyOf(word: number, width: number): number {
  const half = width === 2 ? 2 ** 15 : 2 ** 31;
  return word >= half ? 2 * half - 1 - word : word + half;
}

/** Its own inverse, turned round. */
function wordOf(key: number, width: number): number {
  const half = width === 2 ? 2 ** 15 : 2 ** 31;
  return key >= half ? key - half : 2 * half - 1 - key;
}

function codeKeys(coder: BinaryCoder, keys: Float64Array, width: number): Float64Array<ArrayBuffer> {
  const models = new BitModels(2 * EXP_GOLOMB_CONTEXTS);
  const count = codeExpGolomb(coder, models, 0, keys.length);
  if (count > MAX_ENTRIES)
    throw encodeError('ERR_GSM_FORMAT', `table: expected at most ${MAX_ENTRIES} values, received ${count}`);
  const coded = new Float64Array(count);
  for (let i = 0, last = -1; i < count; i++) {
    last += 1 + codeExpGolomb(coder, models, EXP_GOLOMB_CONTEXTS, (keys[i] ?? 0) - last - 1);
    if (last >= 2 ** (8 * width))
      throw encodeError('ERR_GSM_FORMAT', `table: expected values of ${width} bytes, received ${last}`);
    coded[i] = last;
  }
  return coded;
}
