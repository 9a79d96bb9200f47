import type { Model } from '@gossamer/graph';
import { badOption } from '../errors.js';
import type { BitOption } from './allocate-bits.js';
import type { ChoiceUnit } from './choice-unit.js';
import type { LatencyTable } from './layer-latency.js';
import type { Budget } from './mixed-precision-options.js';
import { repairChoice, type RepairedChoice } from './repair-choice.js';
import type { WeightOption } from './weight-option.js';
import { allocateWithin } from './within-budgets.js';

/** What a choice is made from. */
export interface ChoiceProblem {
  /** In float, with the weights of `units`. */
  readonly model: Model;
  readonly units: readonly ChoiceUnit[];
  readonly options: readonly WeightOption[];
  /** Predicted, [unit][option]. */
  readonly losses: readonly (readonly number[])[];
  /** Bytes, [unit][option], and of all that has no options. */
  readonly sizes: readonly (readonly number[])[];
  readonly rest: number;
  readonly times: LatencyTable;
  readonly budget: Budget;
  readonly repairs: number;
  /** The true metric of a choice, lower is better. */
  readonly measure: (choice: readonly number[]) => Promise<number>;
  /** The model of a choice as `quantize` writes it. */
  readonly write: (choice: readonly number[]) => Promise<Model>;
}

export interface Choice extends RepairedChoice {
  readonly step: number;
  readonly latency?: { readonly before: number; readonly after: number; readonly high: number };
}

/** Times that a choice which was too slow as a whole is made anew, with less to spend. */
const ATTEMPTS = 6;

/**
 * The allocation under the budgets, repaired. Times of layers add up to the model's only about: the float model's time stands for what they leave out, and a choice whose model is too slow
 * (its upper bound counts) is made again with so much less to spend.
 */
export async function chooseWithin(problem: ChoiceProblem): Promise<Choice> {
  const { budget, sizes, rest } = problem;
  if (budget.bytes !== undefined) {
    const least = sizes.reduce((sum, row) => sum + Math.min(...row), rest);
    if (!(budget.bytes >= least))
      badOption('budget.bytes', `at least ${least}, with every layer at its smallest`, budget.bytes);
  }
  if (budget.latency === undefined) {
    return choose(problem, sizes, budget.bytes! - rest, undefined);
  }
  return chooseInTime(problem, budget.latency);
}

async function chooseInTime(problem: ChoiceProblem, limit: number): Promise<Choice> {
  const { units, options, sizes, rest, budget, times, write } = problem;
  const table = await times.layers();
  const float = await times.model('in float', async () => problem.model);
  let floatLayers = 0;
  for (const unit of units) floatLayers += await times.unit(unit, undefined);
  const fixed = Math.max(0, float.median - floatLayers);
  const second = budget.bytes === undefined ? undefined : { costs: sizes, budget: budget.bytes - rest };
  const least = table.reduce((sum, row) => sum + Math.min(...row), 0);
  let [spend, fastest] = [limit - fixed, Infinity];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const chosen = await choose(problem, table, Math.max(spend, least), second);
    const names = chosen.choice.map((o) => options[o]!.name).join();
    const { median, high } = await times.model(names, () => write(chosen.choice));
    fastest = Math.min(fastest, high);
    if (high <= limit) return { ...chosen, latency: { before: float.median, after: median, high } };
    if (spend <= least) break;
    spend = Math.max(least, Math.min(spend, costOf(table, chosen.choice)) - (high - limit));
  }
  return badOption('budget.latency', `at least ${fastest.toFixed(4)} ms, what the fastest choice found takes`, limit);
}

async function choose(
  { losses, measure, repairs }: ChoiceProblem,
  costs: readonly (readonly number[])[],
  budget: number,
  second: { readonly costs: readonly (readonly number[])[]; readonly budget: number } | undefined,
): Promise<Choice> {
  const layers: BitOption[][] = costs.map((row, u) => row.map((cost, o) => ({ cost, omega: losses[u]![o]! })));
  const allocation = allocateWithin(layers, budget, second);
  const fits = second && ((choice: readonly number[]) => costOf(second.costs, choice) <= second.budget);
  const repaired = await repairChoice(layers, allocation, measure, { budget, repairs, ...(fits ? { fits } : {}) });
  return { ...repaired, step: allocation.step };
}

const costOf = (costs: readonly (readonly number[])[], choice: readonly number[]): number =>
  choice.reduce((sum, option, u) => sum + costs[u]![option]!, 0);
