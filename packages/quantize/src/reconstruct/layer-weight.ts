import { fromWeightMatrix, type Node, type WeightView, weightsOf } from '@gossamer/graph';
import { joinValues } from '../grid/join-values.js';
import { dequantizeMatrix, type QuantizedMatrix } from '../grid/quantized-matrix.js';

/** The only weight of a layer that computes a product; undefined for others, and for codes. */
export function weightOf(node: Node): WeightView | undefined {
  const [view, ...others] = weightsOf(node);
  return view && others.length === 0 && view.role === 'weight' && !view.isQuantized ? view : undefined;
}

/** The values of a weight's codes, one matrix a group, as its node sees them. */
export function valuesOf(view: WeightView, matrices: readonly QuantizedMatrix[]): Float32Array {
  return fromWeightMatrix(view, joinValues(matrices.map(dequantizeMatrix)));
}
