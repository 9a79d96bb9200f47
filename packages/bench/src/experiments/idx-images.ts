import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tensor } from '@gossamer/graph';
import { arrayDataset, type Dataset } from '@gossamer/train';

/** Bytes in front of the pixels, and of the labels, of MNIST's format. */
const HEADER = { images: 16, labels: 8 };

/** The images of `PREFIX-images-idx3-ubyte` and their labels, gzipped or not: `input` [n, ...shape] in 0..1, `labels`. */
export function idxImages(prefix: string, shape: readonly number[]): Dataset {
  const images = bytesOf(`${prefix}-images-idx3-ubyte`).subarray(HEADER.images);
  const labels = bytesOf(`${prefix}-labels-idx1-ubyte`).subarray(HEADER.labels);
  return arrayDataset({
    input: Tensor.of(
      'float32',
      [labels.length, ...shape],
      Float32Array.from(images, (v) => v / 255),
    ),
    labels: Tensor.of('int64', [labels.length], BigInt64Array.from(labels, BigInt)),
  });
}

const bytesOf = (file: string): Uint8Array =>
  existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
