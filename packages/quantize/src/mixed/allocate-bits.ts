import { badOption } from '../errors.js';

/** One way to store a layer. */
export interface BitOption {
  /** Bytes or milliseconds, >= 0. */
  readonly cost: number;
  /** Predicted loss, finite; the sum over layers is minimised. */
  readonly omega: number;
}

export interface Allocation {
  /** Index of the option of each layer. */
  readonly choice: readonly number[];
  readonly cost: number;
  readonly omega: number;
  /** 0: exact. Else costs were rounded up to multiples of this while choosing, as there were too many states. */
  readonly step: number;
}

/** States of the dynamic programme kept at most; 21 bytes each and layer. */
const MAX_STATES = 1 << 17;

/**
 * Chooses one option for each layer so that the omegas add up to the least under a budget of costs: the multiple-choice knapsack. Dynamic
 * programming over the undominated pairs (cost, omega), layer by layer, without those that a Lagrangian bound shows to be worse than a feasible
 * choice: exact for any costs, unless more than `maxStates` pairs are left, when costs are rounded up to a grid (`step`; the budget still holds).
 * Ties go to the lower cost, then to the earlier options of the later layers. Time O(states x options) a layer.
 *
 * Source: Nemhauser and Ullmann, "Discrete dynamic programming and capital allocation", Management Science 15 (1969); the bound: Fisher, "The
 * Lagrangian relaxation method for solving integer programming problems", Management Science 27 (1981).
 * Throws ERR_QUANTIZE_OPTION for a budget that even the cheapest options exceed.
 */
export function allocateBits(
  layers: readonly (readonly BitOption[])[],
  given: number,
  maxStates = MAX_STATES,
): Allocation {
  const least = sum(layers.map((options) => Math.min(...options.map(({ cost }) => cost))));
  if (!(given >= least)) badOption('budget', `at least ${least}, what the cheapest options take`, given);
  const budget = Math.min(given, sum(layers.map((options) => Math.max(...options.map(({ cost }) => cost)))));
  const multiplier = lagrangeMultiplier(layers, budget);
  const incumbent = fillBudget(layers, relaxed(layers, multiplier), budget);
  for (let step = 0; ; step = coarser(step, budget, maxStates)) {
    const choice = search(layers, { budget, multiplier, best: incumbent.omega, step, maxStates });
    if (!choice) continue;
    // A coarse grid may hide choices better than the feasible one already known.
    const found = { ...totals(layers, choice), choice, step };
    return step > 0 && found.omega > incumbent.omega ? { ...incumbent, step } : found;
  }
}

/** A grid of at most `maxStates` points, and no finer than half as fine as before. */
const coarser = (step: number, budget: number, maxStates: number): number =>
  step === 0 ? budget / (maxStates - 1) : step * 2;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Added up as the search does, so that equal choices have equal sums. */
function totals(layers: readonly (readonly BitOption[])[], choice: readonly number[]): { cost: number; omega: number } {
  const chosen = choice.map((option, layer) => layers[layer]![option]!);
  return { cost: sum(chosen.map(({ cost }) => cost)), omega: sum(chosen.map(({ omega }) => omega)) };
}

/** The choice that minimises omega + multiplier x cost; of equals the cheapest. */
function relaxed(layers: readonly (readonly BitOption[])[], multiplier: number): number[] {
  return layers.map((options) => {
    let best = 0;
    const value = ({ cost, omega }: BitOption) => (multiplier === Infinity ? cost : omega + multiplier * cost);
    options.forEach((option, i) => {
      const [mine, other] = [value(option), value(options[best]!)];
      if (mine < other || (mine === other && option.cost < options[best]!.cost)) best = i;
    });
    return best;
  });
}

/** About the least multiplier whose relaxed choice keeps to the budget, by bisection. */
function lagrangeMultiplier(layers: readonly (readonly BitOption[])[], budget: number): number {
  const fits = (multiplier: number) => totals(layers, relaxed(layers, multiplier)).cost <= budget;
  if (fits(0)) return 0;
  let [low, high] = [0, 1];
  while (!fits(high)) {
    if (high > Number.MAX_VALUE / 4) return Infinity;
    high *= 4;
  }
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Spends what is left of the budget where it lowers omega most a unit of cost. */
function fillBudget(
  layers: readonly (readonly BitOption[])[],
  start: readonly number[],
  budget: number,
): { choice: number[]; cost: number; omega: number } {
  const choice = [...start];
  for (;;) {
    const { cost } = totals(layers, choice);
    let best: { layer: number; option: number; gain: number } | undefined;
    layers.forEach((options, layer) => {
      const now = options[choice[layer]!]!;
      options.forEach((next, option) => {
        if (!(next.omega < now.omega) || cost - now.cost + next.cost > budget) return;
        const gain = next.cost > now.cost ? (now.omega - next.omega) / (next.cost - now.cost) : Infinity;
        if (!best || gain > best.gain) best = { layer, option, gain };
      });
    });
    if (!best) return { choice, ...totals(layers, choice) };
    choice[best.layer] = best.option;
  }
}

interface Limits {
  readonly budget: number;
  readonly multiplier: number;
  /** Omega of a feasible choice. */
  readonly best: number;
  readonly step: number;
  readonly maxStates: number;
}

/** Undominated states after some layers, by rising cost and so falling omega. */
interface Frontier {
  readonly costs: readonly number[];
  readonly omegas: readonly number[];
  /** State of the frontier before, and the option that led here. */
  readonly parents: readonly number[];
  readonly options: readonly number[];
}

/** The best choice; undefined where a frontier outgrows `maxStates`. */
function search(layers: readonly (readonly BitOption[])[], limits: Limits): number[] | undefined {
  const suffix = suffixBounds(layers, limits);
  const frontiers: Frontier[] = [];
  let last: Frontier = { costs: [0], omegas: [0], parents: [], options: [] };
  for (const [layer, options] of layers.entries()) {
    last = extend(last, options, suffix[layer + 1]!, limits);
    if (last.costs.length > limits.maxStates) return undefined;
    frontiers.push(last);
  }
  let state = last.costs.length - 1;
  if (state < 0) return limits.step > 0 ? relaxed(layers, Infinity) : undefined;
  const choice: number[] = [];
  for (const { options, parents } of frontiers.reverse()) {
    choice.push(options[state]!);
    state = parents[state]!;
  }
  return choice.reverse();
}

/** What the layers from each one on cost and lose at least: the relaxation's value, and the cheapest costs. */
interface SuffixBound {
  readonly value: number;
  readonly cost: number;
}

function suffixBounds(layers: readonly (readonly BitOption[])[], { multiplier, step }: Limits): SuffixBound[] {
  const bounds: SuffixBound[] = [{ value: 0, cost: 0 }];
  for (const options of [...layers].reverse()) {
    const { value, cost } = bounds.at(-1)!;
    bounds.push({
      value: value + Math.min(...options.map((option) => option.omega + (multiplier && multiplier * option.cost))),
      cost: cost + Math.min(...options.map((option) => onGrid(option.cost, step))),
    });
  }
  return bounds.reverse();
}

const onGrid = (cost: number, step: number): number => (step > 0 ? Math.ceil(cost / step) * step : cost);

function extend(before: Frontier, options: readonly BitOption[], rest: SuffixBound, limits: Limits): Frontier {
  const { budget, multiplier, best, step } = limits;
  // Sums in another order differ by this much at most.
  const slack = 1e-9 * (Math.abs(best) + (Number.isFinite(multiplier) ? multiplier * budget : 0));
  const made: { cost: number; omega: number; parent: number; option: number }[] = [];
  options.forEach((next, option) => {
    const nextCost = onGrid(next.cost, step);
    before.costs.forEach((spent, parent) => {
      const cost = spent + nextCost;
      if (cost + rest.cost > budget) return;
      const omega = before.omegas[parent]! + next.omega;
      // With a budget that only the cheapest options keep to, the costs decide alone.
      const bound = Number.isFinite(multiplier) ? omega + rest.value - multiplier * (budget - cost) : -Infinity;
      if (bound <= best + slack) made.push({ cost, omega, parent, option });
    });
  });
  made.sort((a, b) => a.cost - b.cost || a.omega - b.omega || a.option - b.option || a.parent - b.parent);
  const kept: typeof made = [];
  for (const state of made) if (kept.length === 0 || state.omega < kept.at(-1)!.omega) kept.push(state);
  return {
    costs: kept.map(({ cost }) => cost),
    omegas: kept.map(({ omega }) => omega),
    parents: kept.map(({ parent }) => parent),
    options: kept.map(({ option }) => option),
  };
}
