import { fillUniform, type SparseParameter, type Sparsifier, streamOf } from '@gossamer/train';
import { keepLargest } from '../masks/keep-largest.js';
import { requireShare } from '../require-share.js';
import { countsOf } from './shared-counts.js';

export interface RiglOptions {
  /** Names of the parameters that are sparse. */
  readonly parameters: readonly string[];
  /** Share of all their weights that are 0, from the first update on; in (0, 1). */
  readonly sparsity: number;
  /** Default 'erk'. */
  readonly allocation?: 'uniform' | 'erk';
  /** Share of a tensor's weights that are exchanged at first; a cosine takes it to 0. Default 0.3. */
  readonly exchange?: number;
  /** Share of the updates from which masks stay as they are. Default 0.75. */
  readonly end?: number;
  /** Updates between two changes of the masks. Default 100. */
  readonly every?: number;
  /** What grows: where the gradient is largest (RigL), or anywhere (SET). Default 'gradient'. */
  readonly grow?: 'gradient' | 'random';
}

/**
 * Sparse from nothing: masks begin at random, and every few updates the smallest weights make room for the places of largest gradient, which begin at 0. A place that has just been left is not taken again at once.
 *
 * Source: Evci et al., "Rigging the Lottery: Making All Tickets Winners" (arXiv:1911.11134), section 3; 'random': Mocanu et al., SET (2018). Throws ERR_PRUNE_OPTION.
 */
export function rigl(options: RiglOptions): Sparsifier {
  const {
    parameters,
    sparsity,
    allocation = 'erk',
    exchange = 0.3,
    end = 0.75,
    every = 100,
    grow = 'gradient',
  } = options;
  requireShare('sparsity', sparsity);
  requireShare('exchange', exchange);
  requireShare('end', end);
  return {
    parameters,
    digest: JSON.stringify(['rigl', sparsity, allocation, exchange, end, every, grow]),
    beforeStep({ step, steps, seed, parameters: own }) {
      const entries = [...own];
      if (step === 0) {
        const counts = countsOf([...own.values()], sparsity, allocation);
        entries.forEach(([name, { mask }], i) =>
          keepLargest(draws(mask.length, seed, `start/${name}`, 0), counts[i]!, mask),
        );
        return;
      }
      if (step % every !== 0 || step >= end * steps) return;
      const share = (exchange / 2) * (1 + Math.cos((Math.PI * step) / (end * steps)));
      for (const [name, parameter] of entries) {
        const random = grow === 'random' ? draws(parameter.mask.length, seed, `grow/${name}`, step) : undefined;
        exchangeWeights(parameter, share, random ?? parameter.gradient);
      }
    },
  };
}

/** Puts `share` of the weights, the smallest ones, in the places of largest magnitude of `wanted`. */
function exchangeWeights({ weight, mask }: SparseParameter, share: number, wanted: Float32Array): void {
  const live = mask.reduce((sum, keep) => sum + keep, 0);
  // As many places have to be free.
  const moved = Math.min(Math.floor(share * live), mask.length - live);
  if (moved === 0) return;
  const stays = keepLargest(
    weight.map((value, i) => (mask[i] === 1 ? Math.abs(value) : -Infinity)),
    live - moved,
  );
  const grows = keepLargest(
    wanted.map((value, i) => (mask[i] === 1 ? -Infinity : Math.abs(value))),
    moved,
  );
  mask.forEach((_, i) => (mask[i] = stays[i]! | grows[i]!));
}

function draws(length: number, seed: number, what: string, step: number): Float32Array {
  const numbers = new Float32Array(length);
  fillUniform(numbers, seed, streamOf(`rigl/${what}`), step);
  return numbers;
}
