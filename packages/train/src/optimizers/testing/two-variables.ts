import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Optimizer, OptimizerOptions } from '../optimizer.js';
import { updateModel } from '../update-model.js';

/** One weight and what the rule remembers of it. */
export interface PublishedState {
  readonly w: number;
  readonly slots: Readonly<Record<string, number>>;
}

/** A rule as the paper prints it, for one weight in double: gradient `g`, step `t` from 1. */
export type PublishedRule = (state: PublishedState, g: number, t: number) => PublishedState;

export const START = [-1.2, 1] as const;
export const STEPS = 50;

/** Gradient of Rosenbrock's valley (1 - x)^2 + 10 (y - x^2)^2. */
export function valleyGradient([x, y]: readonly number[]): number[] {
  const off = y! - x! * x!;
  return [-2 * (1 - x!) - 40 * x! * off, 20 * off];
}

/** Where `rule` is after STEPS steps from START. */
export function publishedPath(rule: PublishedRule, slots: readonly string[]): number[] {
  const zeros = Object.fromEntries(slots.map((name) => [name, 0]));
  let states: PublishedState[] = START.map((w) => ({ w, slots: zeros }));
  for (let t = 1; t <= STEPS; t++) {
    const gradient = valleyGradient(states.map(({ w }) => w));
    states = states.map((state, i) => rule(state, gradient[i]!, t));
  }
  return states.map(({ w }) => w);
}

/** Where the optimiser's graph, evaluated in double, is after STEPS steps from START. */
export function graphPath<Options extends OptimizerOptions, Slot extends string>(
  optimizer: Optimizer<Options, Slot>,
  given: Partial<Options>,
): number[] {
  const options = optimizer.resolve(given);
  const model = updateModel(optimizer as unknown as Optimizer, { shape: [2] });
  const vector = (values: readonly number[]): Tensor => Tensor.fromNumbers('float64', [2], values);
  let weight = vector(START);
  let slots = optimizer.slots.map((name) => [name, vector([0, 0])] as const);
  for (let t = 1; t <= STEPS; t++) {
    const coefficients = optimizer.hyper(t, options);
    const hyper = optimizer.scalars.map((name) => [name, Tensor.scalar('float64', coefficients[name])] as const);
    const gradient = vector(valleyGradient([...weight.toFloat64()]));
    const feeds = { weight, gradient, ...Object.fromEntries([...slots, ...hyper]) };
    const results = evaluate(model, feeds, { precision: 'float64' });
    weight = results['new_weight']!;
    slots = optimizer.slots.map((name) => [name, results[`new_${name}`]!] as const);
  }
  return [...weight.toFloat64()];
}

/**
 * The largest distance of one float32 step from the published rule in double, over its bound. Every number is positive, so no sum cancels
 * and relative errors add up. Roundings, in units of 2^-24: the gradient with coupled decay 3 (lambda, a product, a sum), m 3 more, v twice
 * the gradient's and 4 more, its root half of that and 1, the denominator 2 more (rootFactor, a sum), the quotient 1, the step size 1: 16 of
 * eta u, 17 with the last sum; of the weight 3 (shrink, a product, the last sum). First-order terms; 1.001 covers the others.
 */
export function float32Deviation<Options extends OptimizerOptions, Slot extends string>(
  optimizer: Optimizer<Options, Slot>,
  given: Partial<Options>,
  rule: PublishedRule,
): number {
  const options = optimizer.resolve(given);
  const count = 500;
  const t = 7;
  const values = (salt: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => 0.01 + (((i * 7919 + salt * 104729) % 9973) / 9973) * 2);
  const weight = values(1);
  const gradient = values(2);
  const slots = Object.fromEntries(optimizer.slots.map((name, i) => [name, values(3 + i)]));
  const before = Array.from(weight, (w, i) => ({
    w,
    slots: Object.fromEntries(optimizer.slots.map((name) => [name, slots[name]![i]!])),
  }));
  optimizer.step({ weight, gradient, slots: slots as Record<Slot, Float32Array> }, optimizer.hyper(t, options));
  const deviations = before.map((state, i) => {
    const expected = rule(state, gradient[i]!, t);
    const moved = Math.abs(expected.w - state.w);
    const bound = 2 ** -24 * 1.001 * (17 * (moved + decayed(options, state.w)) + 3 * state.w);
    return Math.abs(weight[i]! - expected.w) / bound;
  });
  return Math.max(...deviations);
}

/** What decay alone moves a weight by, at most: it hides as much of the step. */
function decayed({ learningRate, weightDecay }: OptimizerOptions, w: number): number {
  return learningRate * weightDecay * w;
}
