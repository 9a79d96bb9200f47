import type { GraphBuilder, Value } from '@gossamer/graph';
import { arithmetic } from './arithmetic.js';
import type { DirectionValues } from './define-optimizer.js';
import { fusedMultiplyAdd } from './fused-multiply-add.js';
import type { StepCoefficients } from './step-coefficients.js';

export type AdamSlot = 'firstMoment' | 'secondMoment';

/** m := beta1 m + (1 - beta1) g; v := beta2 v + (1 - beta2) g^2, as a graph. */
export function updateMoments(g: GraphBuilder, { gradient, slots, hyper }: DirectionValues<AdamSlot>) {
  const { add, mul } = arithmetic(g);
  const m = add(mul(hyper.firstKeep!, slots.firstMoment), mul(hyper.firstTake!, gradient));
  const v = add(mul(hyper.secondKeep!, slots.secondMoment), mul(mul(hyper.secondTake!, gradient), gradient));
  return { firstMoment: m, secondMoment: v };
}

/** m / (sqrt(v) rootFactor + epsilon), as a graph. */
export function divideByRoot(g: GraphBuilder, m: Value, v: Value, hyper: Readonly<Record<string, Value>>): Value {
  const { add, div, mul, sqrt } = arithmetic(g);
  return div(m, add(mul(sqrt(v), hyper.rootFactor!), hyper.epsilon!));
}

/** Updates both moments of element `i` in float32. */
export function stepMoments(
  gradient: number,
  slots: Readonly<Record<AdamSlot, Float32Array>>,
  i: number,
  { firstKeep, firstTake, secondKeep, secondTake }: StepCoefficients,
): void {
  const f = Math.fround;
  slots.firstMoment[i] = fusedMultiplyAdd(firstKeep, slots.firstMoment[i]!, f(firstTake * gradient));
  slots.secondMoment[i] = fusedMultiplyAdd(secondKeep, slots.secondMoment[i]!, f(f(secondTake * gradient) * gradient));
}

/** m / (sqrt(v) rootFactor + epsilon) in float32. */
export function divideByRootF32(m: number, v: number, { rootFactor, epsilon }: StepCoefficients): number {
  return Math.fround(m / fusedMultiplyAdd(Math.fround(Math.sqrt(v)), rootFactor, epsilon));
}
