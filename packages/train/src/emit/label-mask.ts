import type { Value } from '@gossamer/graph';
import type { Emitter } from './emitter.js';

/** For labels int64 [N, d...]: bool [N, classes, d...], true at the class of each position and nowhere for one that is no class. */
export function labelMask(g: Emitter, labels: Value, classes: number): Value {
  const [batch, ...rest] = g.shape(labels);
  const numbers = Array.from({ length: classes }, (_, i) => i);
  const steps = g.constant(numbers, 'int64', [classes, ...rest.map(() => 1)]);
  return g.op('Equal', [g.reshape(labels, [batch!, 1, ...rest]), steps]);
}

/** The element of [N, C, d...] at the class of each position, as [N, d...]. */
export const atLabels = (g: Emitter, values: Value, mask: Value): Value =>
  g.sum(g.where(mask, values, g.constant(0, g.dtype(values))), [1]);

/**
 * The sum of weights, no less than the smallest normal float: what a weighted mean divides by, so that it is 0 without any weight. The weights
 * are divided by it and nothing else: a gradient of 4 would become infinite, and 0 times that is NaN.
 */
export const totalWeight = (g: Emitter, weights: Value): Value => {
  const axes = g.shape(weights).map((_, axis) => axis);
  return g.op('Max', [g.sum(weights, axes), g.constant(2 ** -126, g.dtype(weights))]);
};
