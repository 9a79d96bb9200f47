import { Tensor } from '@gossamer/graph';
import { arrayDataset } from '../../data/array-dataset.js';
import type { Dataset } from '../../data/dataset.js';
import { fillUniform } from '../../data/counter-random.js';

export const INPUTS = 8;
export const CLASSES = 3;

/** `count` points around three corners of a cube, with their classes. */
export function blobs(count: number, seed = 1): Dataset {
  const noise = new Float32Array(count * INPUTS);
  fillUniform(noise, seed, 0, 0);
  const labels = Array.from({ length: count }, (_, i) => (i * 7 + (i >> 2)) % CLASSES);
  const points = noise.map((u, i) => u - 0.5 + (i % INPUTS === labels[Math.floor(i / INPUTS)] ? 0.6 : 0));
  return arrayDataset({
    input: Tensor.of('float32', [count, INPUTS], points),
    labels: Tensor.fromNumbers('int64', [count], labels),
  });
}
