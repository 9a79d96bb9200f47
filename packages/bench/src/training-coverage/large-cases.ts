import { bert, mobileNetV2, resNet50 } from '@gossamer/graph/zoo';
import type { CoverageCase } from '@gossamer/train/coverage';

/** Models of real sizes, for the time and memory that making a training step takes. */
export const LARGE_CASES: readonly CoverageCase[] = [
  { name: 'ResNet-50, batch 2', build: () => resNet50({ batchNorm: true }), form: { batch: 2 } },
  { name: 'MobileNetV2, batch 2', build: () => mobileNetV2({ batchNorm: true }), form: { batch: 2 } },
  {
    name: 'BERT-base, 4 layers, batch 2',
    build: () => bert({ layers: 4 }),
    form: { batch: 2 },
    integers: 30_522,
    learningRate: 1e-4,
  },
];
