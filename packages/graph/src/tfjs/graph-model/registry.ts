import { binaryOps } from './ops/binary.js';
import { bincountOps } from './ops/bincount.js';
import { comparisonOps } from './ops/comparison.js';
import { convolutionOps } from './ops/convolution.js';
import { creationOps } from './ops/creation.js';
import { cropAndResizeOp } from './ops/crop-and-resize.js';
import { gatherOps } from './ops/gather.js';
import { imageOps } from './ops/image.js';
import { joinOps } from './ops/join.js';
import { matrixOps } from './ops/matrix.js';
import { nonMaxSuppressionOps } from './ops/non-max-suppression.js';
import { normalizationOps } from './ops/normalization.js';
import { poolingOps } from './ops/pooling.js';
import { reductionOps } from './ops/reduction.js';
import { selectionOps } from './ops/selection.js';
import { shapeOps } from './ops/shape.js';
import { sliceOps } from './ops/slice.js';
import { spaceBatchOps } from './ops/space-batch.js';
import { spectralOps } from './ops/spectral.js';
import { unaryOps } from './ops/unary.js';
import type { OpConverter } from './tf-node.js';

const FAMILIES: readonly (readonly OpConverter[])[] = [
  binaryOps,
  bincountOps,
  comparisonOps,
  convolutionOps,
  creationOps,
  [cropAndResizeOp],
  gatherOps,
  imageOps,
  joinOps,
  matrixOps,
  nonMaxSuppressionOps,
  normalizationOps,
  poolingOps,
  reductionOps,
  selectionOps,
  shapeOps,
  sliceOps,
  spaceBatchOps,
  spectralOps,
  unaryOps,
];

const CONVERTERS = new Map<string, OpConverter>();
for (const converter of FAMILIES.flat()) {
  for (const op of converter.ops) {
    if (CONVERTERS.has(op)) throw new Error(`operator ${op}: is registered twice`);
    CONVERTERS.set(op, converter);
  }
}

/** Operators that are no computation: weights and inputs. */
export const GIVEN_OPERATORS: readonly string[] = ['Const', 'Placeholder', 'PlaceholderWithDefault'];

export function findConverter(op: string): OpConverter | undefined {
  return CONVERTERS.get(op);
}

/** TensorFlow operators that can be read, sorted. */
export function supportedOperators(): string[] {
  return [...CONVERTERS.keys(), ...GIVEN_OPERATORS].sort();
}
