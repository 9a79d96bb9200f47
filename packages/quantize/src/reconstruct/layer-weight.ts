import { fromWeightMatrix, type Node, type WeightView, weightsOf } from '@gossamer/graph';
import { dequantizeMatrix, type QuantizedMatrix } from '../grid/quantized-matrix.js';

/** The only weight of a layer that computes a product; undefined for others, and for codes. */
export function weightOf(node: Node): WeightView | undefined {
  const [view, ...others] = weightsOf(node);
  return view && others.length === 0 && view.role === 'weight' && !view.isQuantized ? view : undefined;
}

/** The values of a weight's codes, one matrix a group, as its node sees them. */
export function valuesOf(view: WeightView, matrices: readonly QuantizedMatrix[]): Float32Array {
  const whole = new Float32Array(matrices.reduce((sum, { codes }) => sum + codes.length, 0));
  let at = 0;
  for (const matrix of matrices) {
    whole.set(dequantizeMatrix(matrix), at);
    at += matrix.codes.length;
  }
  return fromWeightMatrix(view, whole);
}
