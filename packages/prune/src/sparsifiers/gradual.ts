import type { Sparsifier } from '@gossamer/train';
import { requireShare } from '../require-share.js';
import { cubicSparsity } from '../schedules/cubic.js';
import { maskLeast, type SharedAs } from './shared-counts.js';

/** What sparsifiers along a cubic schedule are told. */
export interface GradualOptions {
  /** Names of the parameters whose weights are taken away. */
  readonly parameters: readonly string[];
  /** Share of all their weights that are 0 in the end, in (0, 1). */
  readonly sparsity: number;
  /** Share of the updates before which nothing goes. Default 0; of `movement` 0.1: scores gather meanwhile. */
  readonly begin?: number;
  /** Share of the updates from which masks stay as they are, and weights recover. Default 0.75. */
  readonly end?: number;
  /** Updates between two changes of the masks. Default 100; of `movement` 1, as scores change at every one. */
  readonly every?: number;
  /** Default 'global'. */
  readonly allocation?: SharedAs;
}

/**
 * Takes the smallest weights away in the course of a training, along `cubicSparsity`. A weight that is gone is 0, and so the first to stay away; it does not come back.
 *
 * Source: Zhu and Gupta, "To prune, or not to prune" (arXiv:1710.01878). Throws ERR_PRUNE_OPTION.
 */
export function gradual(options: GradualOptions): Sparsifier {
  const { parameters, sparsity, begin = 0, end = 0.75, every = 100, allocation = 'global' } = options;
  requireShare('sparsity', sparsity);
  requireShare('end', end, begin);
  return {
    parameters,
    digest: JSON.stringify(['gradual', sparsity, begin, end, every, allocation]),
    beforeStep({ step, steps, parameters: own }) {
      const last = Math.ceil(end * steps);
      if (step !== last && (step > last || step % every !== 0)) return;
      const wanted = cubicSparsity(step / steps, sparsity, begin, end);
      if (wanted > 0) maskLeast([...own.values()], ({ weight }) => weight.map(Math.abs), wanted, allocation);
    },
  };
}
