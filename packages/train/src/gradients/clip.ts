import { attribute, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineGradient, type GradientCall } from './gradient-rule.js';

/** A bound as a number, where it is known ahead; one that is not given bounds nothing. */
const constantBound = (value: Value | undefined, absent: number): number | undefined =>
  value ? value.constant?.toFloat64()[0] : absent;

/** dx: dy within the bounds and on them. */
function byData(g: Emitter, { inputs, x, dy }: GradientCall): Value {
  const [, min, max] = inputs;
  const [low, high] = [constantBound(min, -Infinity), constantBound(max, Infinity)];
  if (low !== undefined && high !== undefined) {
    const bounds = { activation_alpha: attribute.float(low), activation_beta: attribute.float(high) };
    return g.call('ActivationGrad', [dy, x], { activation: 'clip', ...bounds })[0]!;
  }
  const zero = g.constant(0, g.dtype(dy));
  const above = min ? g.where(g.op('Less', [x, min]), zero, dy) : dy;
  return max ? g.where(g.op('Greater', [x, max]), zero, above) : above;
}

/** The sum of dy over the elements that a bound replaced. */
function byBound(g: Emitter, { x, dy }: GradientCall, bound: Value, replaced: Value): Value {
  const all = g.shape(x).map((_, axis) => axis);
  return g.reshape(g.sum(g.where(replaced, dy, g.constant(0, g.dtype(dy))), all), g.shape(bound));
}

/**
 * min(max(x, low), high). Bounds may be learned (PACT, Choi et al. 2018, arXiv:1805.06085): each gets the gradients of the elements it replaced,
 * all of them go to `high` where the bounds cross.
 */
export const clipGradient = defineGradient({
  op: 'Clip',
  gradient(call) {
    const { g, inputs, x, needs } = call;
    const [, min, max] = inputs;
    let low: Value | undefined;
    let high: Value | undefined;
    if (min && needs(1)) {
      const below = g.op('Less', [x, min]);
      low = byBound(g, call, min, max ? g.op('And', [below, g.op('LessOrEqual', [min, max])]) : below);
    }
    if (max && needs(2)) {
      const above = g.op('Greater', [x, max]);
      high = byBound(g, call, max, min ? g.op('Or', [above, g.op('Greater', [min, max])]) : above);
    }
    return [byData(g, call), low, high];
  },
});
