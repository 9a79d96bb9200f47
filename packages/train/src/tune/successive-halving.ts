import { badOption, requireInteger } from '../require-option.js';
import { randomConfiguration } from './random-search.js';
import { type Proposal, type SearchStrategy, type TrialRecord, worthOf } from './search.js';

export interface SuccessiveHalvingOptions {
  /** R: the most that is spent on one configuration (epochs, steps), >= 1. */
  readonly maximum: number;
  /** One of so many goes on, an integer >= 2. Default 3. */
  readonly eta?: number;
  /** Brackets, from the one of the most configurations and least budgets on. Default 1; all of them are Hyperband. */
  readonly brackets?: number;
}

/** Configurations that are compared at one budget. */
export interface Rung {
  readonly bracket: number;
  readonly count: number;
  /** Spent on each in all, what earlier rungs spent included. */
  readonly budget: number;
}

/**
 * The rungs, in order. Bracket s = s_max, s_max - 1, ... with s_max = floor(log_eta R) starts n = ceil((s_max + 1) / (s + 1) eta^s) configurations at
 * R eta^-s, rounded down; rung i holds floor(n eta^-i) of them at eta^i times that.
 *
 * Sources: Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS 2016
 * (arXiv:1502.07943), algorithm 1; with eta and brackets as Li et al., "Hyperband", JMLR 2018, algorithm 1.
 */
export function rungsOf({ maximum, eta = 3, brackets = 1 }: SuccessiveHalvingOptions): Rung[] {
  requireInteger('maximum', maximum, 1);
  requireInteger('eta', eta, 2);
  let most = 0;
  while (eta ** (most + 1) <= maximum) most++;
  if (!(Number.isInteger(brackets) && brackets >= 1 && brackets <= most + 1)) {
    badOption('brackets', `an integer in [1, ${most + 1}]`, brackets);
  }
  return Array.from({ length: brackets }, (_, bracket) => {
    const s = most - bracket;
    const configurations = Math.ceil(((most + 1) * eta ** s) / (s + 1));
    return Array.from({ length: s + 1 }, (__, i) => ({
      bracket,
      count: Math.floor(configurations / eta ** i),
      budget: Math.floor(maximum / eta ** (s - i)),
    }));
  }).flat();
}

/** Many configurations get little, the best of them more: each rung takes the best of the one before. Ends after the last rung. */
export function successiveHalving(options: SuccessiveHalvingOptions): SearchStrategy {
  const rungs = rungsOf(options);
  const { maximum, eta = 3, brackets = 1 } = options;
  return {
    name: 'successive-halving',
    options: { maximum, eta, brackets },
    trials: rungs.reduce((sum, { count }) => sum + count, 0),
    propose(space, seed, history): Proposal | undefined {
      let start = 0;
      for (const [at, { bracket, count, budget }] of rungs.entries()) {
        const asked = history.length - start;
        if (asked >= count) {
          start += count;
          continue;
        }
        const before = rungs[at - 1];
        if (before?.bracket !== bracket) {
          return { configuration: randomConfiguration(space, seed, history.length), budget };
        }
        const earlier = history.slice(start - before.count, start);
        if (earlier.some(({ value }) => value === undefined)) return undefined;
        const chosen = rank(earlier)[asked]!;
        return { configuration: chosen.configuration, budget, continues: chosen.id };
      }
      return undefined;
    },
  };
}

/** Best first; of equals the earlier. */
function rank(records: readonly TrialRecord[]): TrialRecord[] {
  return [...records].sort((a, b) => {
    const [x, y] = [worthOf(a), worthOf(b)];
    return x === y ? a.id - b.id : x < y ? -1 : 1;
  });
}
