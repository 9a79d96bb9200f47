import { layerFilter, type Model } from '@gossamer/graph';
import { type SearchStrategy, tpe, tune, type TrialRecord } from '@gossamer/train';
import { badOption } from '../bad-option.js';
import { pruneWeights } from '../prune-weights.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import { requireShare } from '../require-share.js';
import { findWeights } from '../weights/find-weights.js';

export interface RatioSearchOptions {
  /** Share of all the weights meant that become 0, in (0, 1); every candidate has it. */
  readonly sparsity: number;
  /** What is to be low: the loss or error of a pruned model on samples that are held out. */
  readonly measure: (model: Model) => Promise<number>;
  /** Candidates beside the uniform one. Default 40. */
  readonly trials?: number;
  /** Default: tpe(). */
  readonly search?: SearchStrategy;
  /** Most that a layer may lose, at least `sparsity`. Default 0.99. */
  readonly most?: number;
  /** How elements are chosen within a layer. Default: the smallest. */
  readonly prune?: Omit<PruneWeightsOptions, 'sparsity' | 'allocation' | 'signal' | 'onProgress' | 'seed'>;
  /** Default 0. */
  readonly seed?: number;
  /** File that a search is gone on with from. Default: none. */
  readonly journal?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { done: number; total: number; best: number }) => void;
}

export interface RatioSearchResult {
  readonly model: Model;
  /** Sparsity of each weight, by the first layer that reads it. */
  readonly ratios: ReadonlyMap<string, number>;
  /** What was measured: of the result, and with the same share of each layer, which the result is never above. */
  readonly value: number;
  readonly uniform: number;
  readonly trials: readonly TrialRecord[];
}

/**
 * Looks for the sparsity of each layer with which a pruned model, not trained on, measures best, at a given sparsity of all. A candidate is a number for each layer; sparsities are proportional to
 * those, none above `most`, so that the budget is met. `model` stays as it is. Throws ERR_PRUNE_OPTION, and what `measure` throws.
 *
 * The problem, the budget and the reward are those of He et al., "AMC: AutoML for Model Compression" (arXiv:1802.03494); in place of their DDPG agent, which picks one layer after the other
 * from its shape, a search of the whole vector (train's strategies): no training of an agent, some dozens of measurements in place of hundreds, nothing that is learned carries over to another model.
 */
export async function searchRatios(model: Model, options: RatioSearchOptions): Promise<RatioSearchResult> {
  const { sparsity, measure, trials = 40, search = tpe(), most = 0.99, prune = {}, seed = 0, journal } = options;
  const { signal, onProgress } = options;
  requireShare('sparsity', sparsity);
  requireShare('most', most);
  if (most < sparsity) badOption('most', `a number from sparsity ${sparsity} up to 1`, most);
  const { include = [], exclude = [] } = prune;
  const { weights } = findWeights(model, layerFilter(model, { include, exclude }).filter);
  if (weights.length === 0) badOption('prune', 'layers with weights', 'none');
  const sizes = weights.map(({ view }) => view.stored.length);
  const prunedBy = async (ratios: readonly number[]): Promise<Model> => {
    let current = model;
    for (const [i, { layers }] of weights.entries()) {
      // Nothing of so small a share goes.
      if (Math.floor(ratios[i]! * sizes[i]!) === 0) continue;
      const only = {
        include: layers,
        sparsity: ratios[i]!,
        allocation: 'uniform',
        ...(signal ? { signal } : {}),
      } as const;
      current = (await pruneWeights(current, { ...prune, ...only })).model;
    }
    return current;
  };
  const uniformRatios = sizes.map(() => sparsity);
  const uniform = await measure(await prunedBy(uniformRatios));
  const names = weights.map(({ layers }) => layers[0]!);
  const ratiosOf = (configuration: TrialRecord['configuration']) =>
    withinBudget(
      names.map((name) => Number(configuration[name])),
      sizes,
      sparsity,
      most,
    );
  let done = 0;
  const { best, trials: records } = await tune(
    async ({ trial }) => measure(await prunedBy(ratiosOf(trial.configuration))),
    {
      space: Object.fromEntries(names.map((name) => [name, { kind: 'uniform', low: LEAST, high: 1 }])),
      ...{ search, trials, seed, subject: { sparsity, most, uniform } },
      ...(journal === undefined ? {} : { journal }),
      ...(signal ? { signal } : {}),
      onProgress: ({ best: own }) =>
        onProgress?.({ done: ++done, total: trials, best: Math.min(uniform, own?.value ?? Infinity) }),
    },
  );
  const isBetter = typeof best?.value === 'number' && best.value < uniform;
  const ratios = isBetter ? ratiosOf(best.configuration) : uniformRatios;
  return {
    model: await prunedBy(ratios),
    ratios: new Map(names.map((name, i) => [name, ratios[i]!])),
    value: isBetter ? best.value! : uniform,
    uniform,
    trials: records,
  };
}

/** Of a candidate's numbers: a layer that loses nothing is one that loses very little. */
const LEAST = 0.01;

/** Sparsities in proportion to `numbers`, none above `most`, so that `sparsity` of all elements goes: those that reach `most` stay there, the others share what is left. */
export function withinBudget(
  numbers: readonly number[],
  sizes: readonly number[],
  sparsity: number,
  most: number,
): number[] {
  const full = new Set<number>();
  for (;;) {
    let [left, open] = [sparsity * sizes.reduce((a, b) => a + b, 0), 0];
    numbers.forEach((number, i) => {
      if (full.has(i)) left -= most * sizes[i]!;
      else open += number * sizes[i]!;
    });
    const factor = open > 0 ? left / open : 0;
    const over = numbers.flatMap((number, i) => (!full.has(i) && factor * number > most ? [i] : []));
    if (over.length === 0) return numbers.map((number, i) => (full.has(i) ? most : factor * number));
    over.forEach((i) => full.add(i));
  }
}
