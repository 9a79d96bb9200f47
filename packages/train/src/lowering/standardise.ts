import { defineLowering } from './lowering.js';

/** Below any variance that is not 0 by rounding: keeps the slope of the root at 0 finite. */
const LEAST_VARIANCE = 1e-30;

/** (x - mean) / (deviation + 1e-9) over `axes`; elements that are all alike give 0, and their gradient is finite. */
export const meanVarianceLowering = defineLowering({
  op: 'MeanVarianceNormalization',
  lower(g, node, inputs) {
    const x = inputs[0]!;
    const rank = g.rank(x);
    const axes = node.ints('axes', [0, 2, 3]).map((axis) => (axis < 0 ? axis + rank : axis));
    const number = (value: number) => g.constant(value, g.dtype(x));
    const centred = g.sub(x, g.mean(x, axes, 1));
    const variance = g.op('Max', [g.mean(g.mul(centred, centred), axes, 1), number(LEAST_VARIANCE)]);
    return [g.div(centred, g.add(g.op('Sqrt', [variance]), number(1e-9)))];
  },
});

/** x over its 1-norm or Euclidean norm along `axis`; 0 where the norm is. */
export const lpNormalizationLowering = defineLowering({
  op: 'LpNormalization',
  lower(g, node, inputs) {
    const x = inputs[0]!;
    const axis = node.int('axis', -1);
    const norm = g.op(node.int('p', 2) === 1 ? 'ReduceL1' : 'ReduceL2', [
      x,
      g.int64([axis < 0 ? axis + g.rank(x) : axis]),
    ]);
    const number = (value: number) => g.constant(value, g.dtype(x));
    return [g.div(x, g.where(g.op('Equal', [norm, number(0)]), number(1), norm))];
  },
});
