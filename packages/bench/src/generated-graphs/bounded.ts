import type { Value } from '@gossamer/graph';

/** A dimension of a generated value: a size, or the batch. */
export type GeneratedDim = number | 'n';

/**
 * A float32 value of a generated graph with what is known of it for every input: |value| <= `magnitude`, and whatever order a runtime
 * adds in, it computes the real-number value to within `error`. Two graphs of the same function so differ by 2·error at most.
 *
 * Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.3 (running error analysis).
 */
export interface Bounded {
  readonly value: Value;
  readonly dims: readonly GeneratedDim[];
  readonly magnitude: number;
  readonly error: number;
}

/** Half a unit in the last place of float32 at 1. */
export const UNIT = 2 ** -24;

/** Relative error of a transcendental kernel: 16 units, what vectorised approximations are good for. */
export const KERNEL = 16 * UNIT;

/** Bounds without their value. */
export type Bounds = Pick<Bounded, 'magnitude' | 'error'>;

export function sumBounds(a: Bounds, b: Bounds): Bounds {
  const magnitude = a.magnitude + b.magnitude;
  return { magnitude, error: a.error + b.error + UNIT * magnitude };
}

export function productBounds(a: Bounds, b: Bounds): Bounds {
  const magnitude = a.magnitude * b.magnitude;
  return { magnitude, error: a.magnitude * b.error + b.magnitude * a.error + a.error * b.error + UNIT * magnitude };
}

/** A sum of `terms` products with constants of at most `constant`. */
export function dotBounds(x: Bounds, terms: number, constant: number): Bounds {
  const magnitude = terms * constant * x.magnitude;
  return { magnitude, error: terms * constant * x.error + (terms + 1) * UNIT * magnitude };
}

/** A function with Lipschitz constant `slope` and results of at most `magnitude`, computed in some `roundings` of relative size KERNEL. */
export function smoothBounds(x: Bounds, slope: number, magnitude: number, roundings = 1): Bounds {
  return { magnitude, error: slope * x.error + roundings * KERNEL * Math.max(magnitude, slope * x.magnitude) };
}
