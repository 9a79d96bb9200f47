import { transposeMatrix } from '@gossamer/kernels';
import { fewRanks } from '../ranks/few-ranks.js';
import { type CpFit, fitCp } from './cp-als.js';
import { defineMethod, type Stage } from './method.js';
import { refuseKernel, stridesOf } from './refuse-kernel.js';

/** Rank-one terms with this much of the weight's energy in sum, or more, cancel each other: ten times its norm, of which little is left. */
const DEGENERATE = 100;

/** Rounds after which a rank is judged; only the one that is taken gets all. */
const TRIAL_ROUNDS = 25;

/** Multiplications of a round, which is one of some hundred at most. */
const MOST_WORK = 5e8;

/**
 * 1 x 1 to rank channels, a depthwise window for each axis, 1 x 1. A trial whose terms cancel each other is no candidate.
 *
 * Source: Lebedev et al., "Speeding-up convolutional neural networks using fine-tuned CP-decomposition", ICLR 2015 (arXiv:1412.6553).
 */
export const cp = defineMethod({
  name: 'cp',
  refuse: (view) => refuseKernel(view, 'cp'),

  decompose({ weight, view, rows: outs, columns, elementBytes, ranksUpTo, seed }) {
    const [ins, ...window] = view.shape.slice(1) as [number, ...number[]];
    // Axes of one point are no modes.
    const axes = window.flatMap((size, axis) => (size > 1 ? [axis] : []));
    const sizes = [outs, ins, ...axes.map((axis) => window[axis]!)];
    const strides = stridesOf(view);
    const fits = new Map<number, CpFit>();
    const failures: string[] = [];
    const fitOf = (rank: number): CpFit => {
      const fit = fits.get(rank) ?? fitCp(weight, sizes, rank, seed, TRIAL_ROUNDS);
      if (!fits.has(rank) && fit.cancellation > DEGENERATE) {
        failures.push(
          `rank ${rank}: terms of ${fit.cancellation.toExponential(1)} times the weight's energy cancel each other`,
        );
      }
      fits.set(rank, fit);
      return fit;
    };
    // Before a window, an axis has as many positions as the input.
    const strideFrom = (place: number) => axes.slice(place).reduce((product, axis) => product * strides[axis]!, 1);
    // An axis of one point may stride as well: the first stage skips what no window reads.
    const macsOfRank =
      axes.reduce((sum, axis, place) => sum + window[axis]! * strideFrom(place + 1), outs) + ins * strideFrom(0);
    const parameters = sizes.reduce((a, b) => a + b, 0);
    const bearable = Math.floor(MOST_WORK / (weight.length * sizes.length));
    const saving = Math.floor((outs * columns) / parameters);
    // Every tensor of these sizes has a form of this rank.
    const most = weight.length / Math.max(...sizes);
    if (bearable < saving) failures.push(`ranks above ${bearable} take too long`);
    return {
      candidates: fewRanks(ranksUpTo(most).filter((rank) => rank <= Math.min(saving, bearable))).map((rank) => ({
        ranks: [rank],
        bytes: rank * parameters * elementBytes,
        macs: rank * macsOfRank,
      })),
      failures,
      lost: ({ ranks: [rank] }) => {
        const { cancellation, lost } = fitOf(rank!);
        return cancellation > DEGENERATE ? Infinity : lost;
      },
      factor({ ranks }) {
        const rank = ranks[0]!;
        const whole = fitCp(weight, sizes, rank, seed);
        // Terms that begin to cancel each other later are stopped where they did not.
        const fit = whole.cancellation > DEGENERATE ? fitOf(rank) : whole;
        fits.set(rank, fit);
        const [across, along, ...windows] = fit.factors as [Float64Array, Float64Array, ...Float64Array[]];
        const point = window.map(() => 1);
        const flat = window.flatMap((size, axis) => (size === 1 ? [axis] : []));
        const depthwise = axes.map((axis, place): Stage => {
          const dims = [rank, 1, ...point];
          dims[axis + 2] = window[axis]!;
          return { weight: transposeMatrix(windows[place]!, window[axis]!, rank), dims, group: rank, axes: [axis] };
        });
        return {
          stages: [
            { weight: transposeMatrix(along, ins, rank), dims: [rank, ins, ...point], group: 1, axes: flat },
            ...depthwise,
          ],
          last: { weight: across, dims: [outs, rank, ...point], group: 1, axes: [] },
          prefix: prefixOf(along, windows, rank, ins, columns / ins),
        };
      },
    };
  },
});

/** [rank, ins, points]: the product of the factors of the inputs and of the window. */
function prefixOf(along: Float64Array, windows: readonly Float64Array[], rank: number, ins: number, points: number) {
  const out = new Float64Array(rank * ins * points);
  for (let p = 0; p < rank; p++) {
    for (let point = 0; point < points; point++) {
      let product = 1;
      let rest = point;
      for (const factor of windows.toReversed()) {
        const size = factor.length / rank;
        product *= factor[(rest % size) * rank + p]!;
        rest = Math.floor(rest / size);
      }
      for (let i = 0; i < ins; i++) out[(p * ins + i) * points + point] = along[i * rank + p]! * product;
    }
  }
  return out;
}
