import { fromWeightMatrix, Tensor, toWeightMatrix, type WeightView } from '@gossamer/graph';
import type { WeightPlan } from '../algorithms/weight-plan.js';
import { variableOf } from '../algorithms/rounding-variable.js';
import { joinValues } from '../grid/join-values.js';
import { type Neighbours, neighboursOn, openWeights, roundedBy } from '../grid/neighbours.js';
import { type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';

/** A weight whose rounding is learned: its node reads lower + gap h(V). Tensors are in the layout that the node sees. */
export interface SoftWeight {
  readonly view: WeightView;
  /** Name of the value that the node reads, which no other node does. */
  readonly name: string;
  readonly lower: Tensor;
  readonly gap: Tensor;
  /** How many weights lie between two values. */
  readonly open: number;
  /** V as it begins: h(V) is where the weight lies. */
  readonly variable: Tensor;
  /** Round to nearest, one matrix a group. */
  readonly nearest: readonly QuantizedMatrix[];
  /** The codes for given h, one matrix a group. */
  rounded(h: Float32Array): readonly QuantizedMatrix[];
}

/** Puts the weight of `view` between the values of its grid, one grid a group (`fit` of its matrix); its node gets a weight of its own. */
export function softWeight(view: WeightView, fit: WeightPlan['fit']): SoftWeight {
  const { groups, rows, columns, data } = toWeightMatrix(view);
  const size = rows * columns;
  const parts = Array.from({ length: groups }, (_, group) => data.slice(group * size, (group + 1) * size));
  const sides = parts.map((part, group) => neighboursOn(part, fit(part, rows, columns, undefined, group)));
  view.write(view.toFloat32(), 'clone-for');
  const seen = (pick: (side: Neighbours) => Float32Array) =>
    Tensor.of('float32', view.shape, fromWeightMatrix(view, joinValues(sides.map(pick))));
  // Where each element that the node sees lies in the matrices.
  const order = fromWeightMatrix(
    view,
    Int32Array.from({ length: data.length }, (_, i) => i),
  );
  return {
    view,
    name: view.node.input(view.inputIndex)!.name,
    lower: seen(({ lower }) => lower),
    gap: seen(({ gap }) => gap),
    open: sides.reduce((sum, { gap }) => sum + openWeights(gap), 0),
    variable: seen(({ fraction }) => fraction.map(variableOf)),
    nearest: sides.map(({ grid }, group) => roundToGrid(parts[group]!, grid)),
    rounded: (h) => {
      const matrix = new Float32Array(h.length);
      order.forEach((at, i) => (matrix[at] = h[i]!));
      return sides.map((side, group) => roundedBy(side, matrix.subarray(group * size, (group + 1) * size)));
    },
  };
}
