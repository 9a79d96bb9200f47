import { fromWeightMatrix, layerFilter, type Model, toWeightMatrix, type WeightMatrix } from '@gossamer/graph';
import { inputMoments, type InputMoments, layerwise } from '@gossamer/runtime';
import { erkCounts } from './allocation/erk.js';
import type { Criterion } from './criteria/criterion.js';
import { findCriterion } from './criteria/registry.js';
import { parsePattern } from './patterns/parse-pattern.js';
import type { Pattern, ScoredMatrix } from './patterns/pattern.js';
import { badOption } from './bad-option.js';
import type { PruneWeightsOptions } from './prune-weights-options.js';
import { requireShare } from './require-share.js';
import { findWeights, type LeftLayer, type PrunableWeight } from './weights/find-weights.js';

/** What became of a weight. */
export interface PrunedWeight {
  /** The layers that read it. */
  readonly layers: readonly string[];
  readonly op: string;
  readonly elements: number;
  readonly zeros: number;
}

export interface PruneWeightsResult {
  readonly model: Model;
  /** By name of the stored tensor, in its layout, 1: stays. What `train` takes as masks. */
  readonly masks: ReadonlyMap<string, Uint8Array>;
  readonly report: {
    readonly weights: readonly PrunedWeight[];
    readonly left: readonly LeftLayer[];
    readonly warnings: readonly string[];
    /** Share of the elements of `weights` that are 0. */
    readonly sparsity: number;
  };
}

/** A weight with its scores. */
interface ScoredWeight {
  readonly weight: PrunableWeight;
  readonly matrix: WeightMatrix;
  readonly scores: readonly ScoredMatrix[];
}

/**
 * Sets elements of weights to 0, at once, those of least importance; what stays keeps its bits. The model that is given does not change. Throws ERR_PRUNE_OPTION, ERR_PRUNE_DATA.
 */
export async function pruneWeights(model: Model, options: PruneWeightsOptions): Promise<PruneWeightsResult> {
  const { include = [], exclude = [], signal } = options;
  const criterion = findCriterion(options.criterion ?? 'magnitude');
  const pattern = parsePattern(options.pattern ?? 'unstructured');
  const { sparsity, allocation } = check(options, criterion, pattern);
  signal?.throwIfAborted();
  const copy = model.clone();
  const { filter, warnings } = layerFilter(copy, { include, exclude });
  const { weights, left } = findWeights(copy, filter);
  const scored = await scoreAll(copy, weights, criterion, options, left);
  const masks = new Map<string, Uint8Array>();
  const report: PrunedWeight[] = [];
  const chosen = choose(scored, pattern, sparsity, allocation);
  scored.forEach(({ weight, matrix }, i) => {
    const mask = concat(chosen[i]!);
    const data = matrix.data.map((value, at) => (mask[at] === 1 ? value : 0));
    weight.view.write(fromWeightMatrix(weight.view, data));
    if (weight.view.chain.length === 0) masks.set(weight.view.source.name, fromWeightMatrix(weight.view, mask));
    const zeros = mask.reduce((sum, keep) => sum + 1 - keep, 0);
    report.push({ layers: weight.layers, op: weight.view.op, elements: mask.length, zeros });
  });
  const total = report.reduce((sum, { elements }) => sum + elements, 0);
  const zeros = report.reduce((sum, own) => sum + own.zeros, 0);
  return { model: copy, masks, report: { weights: report, left, warnings, sparsity: total > 0 ? zeros / total : 0 } };
}

function check({ sparsity, allocation, data }: PruneWeightsOptions, criterion: Criterion, pattern: Pattern) {
  if (criterion.needs === 'inputs' && !data)
    badOption('data', `samples for criterion ${criterion.name}`, 'none', 'ERR_PRUNE_DATA');
  if (pattern.fixed !== undefined) {
    if (sparsity !== undefined) badOption('sparsity', `none with pattern ${pattern.name}`, sparsity);
    if (allocation !== undefined) badOption('allocation', `none with pattern ${pattern.name}`, allocation);
    return { sparsity: pattern.fixed, allocation: 'uniform' as const };
  }
  if (sparsity === undefined) badOption('sparsity', 'a share of the weights', 'none');
  requireShare('sparsity', sparsity);
  const fallback = criterion.isGlobal ? 'global' : 'uniform';
  if (allocation === 'global' && !criterion.isGlobal)
    badOption('allocation', `'uniform' or 'erk' with ${criterion.name}, whose scores are those of a layer`, allocation);
  return { sparsity, allocation: allocation ?? fallback };
}

/** Scores of every weight; one whose inputs cannot be had is left, where they are needed. */
async function scoreAll(
  model: Model,
  weights: readonly PrunableWeight[],
  criterion: Criterion,
  { data, samples = 128, seed = 0, threads, signal, onProgress }: PruneWeightsOptions,
  left: LeftLayer[],
): Promise<ScoredWeight[]> {
  const moments = new Map<PrunableWeight, InputMoments>();
  if (criterion.needs === 'inputs') {
    const byPlace = new Map(weights.map((weight) => [`${weight.view.node.id} ${weight.view.inputIndex}`, weight]));
    const walk = await layerwise(model, new Set(weights.map(({ view }) => view.node)), data!, {
      ...{ streams: 'quantized', limit: samples },
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    });
    for await (const step of walk) {
      const found = await inputMoments(step, step.views, { seed });
      for (const view of step.views) {
        const weight = byPlace.get(`${view.node.id} ${view.inputIndex}`);
        const own = found.get(view);
        if (weight && own) moments.set(weight, own);
      }
      onProgress?.({ stage: 'inputs', done: step.index + 1, total: step.total });
    }
  }
  return weights.flatMap((weight) => {
    signal?.throwIfAborted();
    const own = moments.get(weight);
    if (criterion.needs === 'inputs' && !own) {
      left.push(...weight.layers.map((name) => ({ name, op: weight.view.op, reason: 'its inputs are not known' })));
      return [];
    }
    const matrix = toWeightMatrix(weight.view);
    const { groups, rows, columns, taps } = matrix;
    const size = rows * columns;
    const scores = Array.from({ length: groups }, (_, group): ScoredMatrix => {
      const second = own?.second[group];
      const part = matrix.data.subarray(group * size, (group + 1) * size);
      const scores = criterion.score({ data: part, rows, columns, ...(second ? { second } : {}) });
      return { rows, columns, taps, scores };
    });
    return [{ weight, matrix, scores }];
  });
}

/** Masks of every weight's matrices. */
function choose(
  scored: readonly ScoredWeight[],
  pattern: Pattern,
  sparsity: number,
  allocation: 'global' | 'uniform' | 'erk',
): Uint8Array[][] {
  const sizes = scored.map(({ matrix }) => matrix.data.length);
  const kept = (size: number) => size - Math.floor(sparsity * size);
  if (allocation === 'global') {
    const all = pattern.choose(
      scored.flatMap(({ scores }) => scores),
      kept(sizes.reduce((a, b) => a + b, 0)),
    );
    let at = 0;
    return scored.map(({ scores }) => all.slice(at, (at += scores.length)));
  }
  const shapes = scored.map(({ weight }) => weight.view.shape);
  const counts = allocation === 'uniform' ? sizes.map(kept) : erkCounts(shapes, kept(sizes.reduce((a, b) => a + b, 0)));
  return scored.map(({ scores }, i) => pattern.choose(scores, counts[i]!));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
