import type { Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** Sums `gradient` over the axes along which an operand of shape `to` was broadcast. */
export function unbroadcast(g: Emitter, gradient: Value, to: readonly number[]): Value {
  const from = g.shape(gradient);
  if (from.length === to.length && from.every((dim, i) => dim === to[i])) return gradient;
  const lead = from.length - to.length;
  const axes = from.flatMap((dim, i) => (i < lead || (to[i - lead] === 1 && dim !== 1) ? [i] : []));
  return g.reshape(g.sum(gradient, axes), to);
}
