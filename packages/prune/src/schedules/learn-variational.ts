import { layerFilter, type Model } from '@gossamer/graph';
import { insertVariational, logAlphaOf, logVarianceName, variationalDivergence, writeBack } from '@gossamer/train';
import { badOption } from '../bad-option.js';
import type { PruneWeightsOptions } from '../prune-weights-options.js';
import { findWeights, type LeftLayer } from '../weights/find-weights.js';
import type { Learner, Lesson } from './learner.js';
import { watchTerm } from './watch-term.js';

export interface VariationalPruningOptions
  extends Pick<PruneWeightsOptions, 'include' | 'exclude'>, Pick<Lesson, 'checkpoint' | 'signal'> {
  /** Samples that the training's loss is a mean over: the divergence counts once for all of them. An integer >= 1. */
  readonly samples: number;
  /** Weights of a larger log alpha go: at 3 their noise has 20 times their size, squared. Default 3. */
  readonly threshold?: number;
  /** Has to take up `lesson.terms`. */
  readonly learn: Learner;
}

export interface VariationalPruning {
  /** The means of the weights, 0 where they are noise. */
  readonly model: Model;
  /** log alpha of every element, by name of the stored weight: the criterion `variational`, with its sign changed. */
  readonly logAlpha: ReadonlyMap<string, Float32Array>;
  readonly left: readonly LeftLayer[];
  readonly warnings: readonly string[];
}

/**
 * Sparse variational dropout: weights of products and convolutions learn how much noise they bear, and those that bear more than they say go. Best from a trained model: the divergence is there in full from the
 * first update on. `recover` trains what is left on.
 *
 * Source: Molchanov, Ashukha and Vetrov, "Variational Dropout Sparsifies Deep Neural Networks" (arXiv:1701.05369), there with the divergence warmed up from 0. Throws ERR_PRUNE_OPTION, and what `learn` throws.
 */
export async function learnVariational(model: Model, options: VariationalPruningOptions): Promise<VariationalPruning> {
  const { samples, threshold = 3, learn, include = [], exclude = [], checkpoint, signal } = options;
  if (!(Number.isSafeInteger(samples) && samples >= 1)) badOption('samples', 'an integer >= 1', samples);
  if (!(threshold > -8 && threshold < 8))
    badOption('threshold', 'a number between the limits of log alpha, -8 and 8', threshold);
  const { filter, warnings } = layerFilter(model, { include, exclude });
  const found = findWeights(model, filter);
  const left = [...found.left];
  const weights: string[] = [];
  for (const { view, layers } of found.weights) {
    const { source } = view;
    if (source.uses.every(({ node, index }) => PRODUCTS.has(node.op) && index === 1)) weights.push(source.name);
    else
      left.push(
        ...layers.map((name) => ({
          name,
          op: view.op,
          reason: 'not a product or convolution that reads its weight as it is',
        })),
      );
  }
  if (weights.length === 0) badOption('include', 'products or convolutions with weights', 'none');
  const penalty = watchTerm(variationalDivergence(weights), 1 / samples);
  const learned = await learn(model, {
    ...(checkpoint ? { checkpoint } : {}),
    ...(signal ? { signal } : {}),
    terms: [penalty.term],
    rewrite: (form, mode) => insertVariational(form, { weights, threshold }, mode === 'train'),
    groups: [{ names: weights.map(logVarianceName), weightDecay: 0 }],
  });
  penalty.requireBuilt();
  const valuesOf = (name: string) => learned.model.graph.value(name)!.constant!.toFloat32();
  const logAlpha = new Map(
    weights.map((name) => [name, logAlphaOf(valuesOf(name), learned.added.get(logVarianceName(name))!)]),
  );
  const kept = [...logAlpha].map(([name, alphas]) => {
    const values = valuesOf(name).map((value, i) => (alphas[i]! > threshold ? 0 : value));
    return [name, values] as const;
  });
  return {
    model: writeBack(learned.model, new Map(kept)),
    logAlpha,
    left,
    warnings: [...warnings, ...learned.warnings],
  };
}

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);
