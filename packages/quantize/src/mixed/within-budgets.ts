import { badOption } from '../errors.js';
import { allocateBits, type Allocation, type BitOption } from './allocate-bits.js';

/** A second cost of every choice, beside the one that options have: [layer][option]. */
export interface SecondBudget {
  readonly costs: readonly (readonly number[])[];
  readonly budget: number;
}

/** Halvings of the interval in which the multiplier lies. */
const STEPS = 24;

/**
 * `allocateBits` under two budgets. The second one is priced into the losses by a Lagrange multiplier, the smallest that keeps to it, found by bisection: feasible in both, and best among
 * the choices that some multiplier makes best, but not always the best of all (Fisher 1981).
 */
export function allocateWithin(
  layers: readonly (readonly BitOption[])[],
  budget: number,
  second: SecondBudget | undefined,
): Allocation {
  if (!second) return allocateBits(layers, budget);
  const spent = ({ choice }: Allocation) =>
    choice.reduce((sum, option, layer) => sum + second.costs[layer]![option]!, 0);
  const priced = (multiplier: number) =>
    allocateBits(
      layers.map((options, layer) =>
        options.map(({ cost, omega }, option) => ({ cost, omega: omega + multiplier * second.costs[layer]![option]! })),
      ),
      budget,
    );
  const fits = (allocation: Allocation) => spent(allocation) <= second.budget;
  const free = priced(0);
  if (fits(free)) return free;
  // So high that losses do not count any more.
  const losses = layers.flatMap((options) => options.map(({ omega }) => omega));
  let [low, high] = [0, (2 * layers.length * Math.max(...losses, 1e-30)) / leastStep(second.costs)];
  let best = priced(high);
  if (!fits(best)) badOption('budget', 'one that can be kept together with the other', { bytes: second.budget });
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    const tried = priced(middle);
    if (fits(tried)) [high, best] = [middle, tried];
    else low = middle;
  }
  const omega = best.choice.reduce((sum, option, layer) => sum + layers[layer]![option]!.omega, 0);
  return { ...best, omega };
}

/** The least difference between two costs of a layer that are not equal. */
function leastStep(costs: readonly (readonly number[])[]): number {
  let least = Infinity;
  for (const row of costs) {
    const sorted = [...row].sort((a, b) => a - b);
    sorted.forEach((cost, i) => {
      const step = i === 0 ? 0 : cost - sorted[i - 1]!;
      if (step > 0 && step < least) least = step;
    });
  }
  return least === Infinity ? 1 : least;
}
