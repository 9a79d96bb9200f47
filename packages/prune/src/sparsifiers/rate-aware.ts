import type { SparseParameter, Sparsifier } from '@gossamer/train';
import { lampScores } from '../criteria/lamp.js';
import { keepLargest } from '../masks/keep-largest.js';
import { requireShare } from '../require-share.js';
import { badOption } from '../bad-option.js';

export interface RateAwareOptions {
  /** Names of the parameters whose weights are taken away. */
  readonly parameters: readonly string[];
  /** How many of all their weights stay in the end. */
  readonly weights: number;
  /** The power of a weight's bits that its score is divided by. 1: worth for each bit; 0: magnitudes alone (LAMP). Default 1. */
  readonly rate?: number;
  /** Share of the updates from which masks stay as they are. Default 0.7. */
  readonly end?: number;
  /** The exponent of the way to `weights`: the logarithm of their number falls as (1 - t)^curve. Default 3. */
  readonly curve?: number;
  /** Updates between two changes of the masks. Default 50. */
  readonly every?: number;
}

/**
 * Takes away, in the course of a training, the weights that are worth least for what they cost in a file: LAMP's score (a share of the squares of the layer) over the bits of the weight's place, by how many weights its
 * output and its input have left, and of its value. So rows, columns and filters empty out, and what stays stands where a coder expects it. A weight that is gone does not come back.
 *
 * The division is ours: of a budget of bits those are kept that give most for each. Source of the score: Lee et al. (arXiv:2010.07611). Throws ERR_PRUNE_OPTION.
 */
export function rateAware(options: RateAwareOptions): Sparsifier {
  const { parameters, weights, rate = 1, end = 0.7, curve = 3, every = 50 } = options;
  if (!(Number.isSafeInteger(weights) && weights > 0)) badOption('weights', 'an integer > 0', weights);
  if (!(rate >= 0 && rate < Infinity)) badOption('rate', 'a number >= 0', rate);
  requireShare('end', end);
  if (!(curve > 0 && curve < Infinity)) badOption('curve', 'a number > 0', curve);
  if (!(Number.isSafeInteger(every) && every > 0)) badOption('every', 'an integer > 0', every);
  const first = new Float32Array(1);
  return {
    parameters,
    digest: JSON.stringify(['rate-aware', weights, rate, end, curve, every]),
    state(own) {
      first[0] = [...own.values()].reduce((sum, { weight, mask }) => sum + liveIn(weight, mask).length, 0);
      return new Map([['first', first]]);
    },
    beforeStep({ step, steps, parameters: own }) {
      const last = Math.ceil(end * steps);
      if (step !== last && (step > last || step % every !== 0)) return;
      const left = (1 - Math.min(1, step / last)) ** curve;
      keepWorth([...own.values()], Math.round(weights * Math.max(1, first[0]! / weights) ** left), rate);
    },
  };
}

function keepWorth(parameters: readonly SparseParameter[], count: number, rate: number): void {
  const total = parameters.reduce((sum, { weight }) => sum + weight.length, 0);
  const worth = new Float64Array(total).fill(-Infinity);
  let at = 0;
  for (const { shape, weight, mask } of parameters) {
    const live = liveIn(weight, mask);
    const bits = placeBits(shape, weight.length, live);
    const data = Float32Array.from(live, (i) => weight[i]!);
    const shares = lampScores(data);
    live.forEach((i, k) => (worth[at + i] = Math.log2(shares[k]!) - rate * Math.log2(VALUE_BITS + bits[k]!)));
    at += weight.length;
  }
  const alive = worth.reduce((sum, value) => sum + (value > -Infinity ? 1 : 0), 0);
  const kept = keepLargest(worth, Math.min(count, alive));
  at = 0;
  for (const { mask } of parameters) {
    mask.set(kept.subarray(at, at + mask.length));
    at += mask.length;
  }
}

/** Of a value that is not 0: its sign, and about what magnitudes on a grid of 3 bits take. */
const VALUE_BITS = 2.5;

/** Places of the weights that are not 0. */
function liveIn(weight: Float32Array, mask: Uint8Array): number[] {
  const places: number[] = [];
  for (let i = 0; i < weight.length; i++) if (mask[i] === 1 && weight[i] !== 0) places.push(i);
  return places;
}

/** A place is free of charge beyond this density; without a limit a full row would draw what stands beside it. */
const FULL = 0.9;

/** Bits of being there, of each live weight: -log2 of the density at its output and input if both were independent, of axes 0 and 1. */
function placeBits(shape: readonly number[], length: number, live: readonly number[]): number[] {
  const [rows = 1, columns = 1] = shape;
  const inner = length / (rows * columns);
  const [inRow, inColumn] = [new Float64Array(rows), new Float64Array(columns)];
  const rowOf = (i: number) => Math.floor(i / (columns * inner));
  const columnOf = (i: number) => Math.floor(i / inner) % columns;
  for (const i of live) {
    inRow[rowOf(i)]!++;
    inColumn[columnOf(i)]!++;
  }
  return live.map((i) => {
    const expected = (inRow[rowOf(i)]! * inColumn[columnOf(i)]!) / live.length / inner;
    return -Math.log2(Math.min(FULL, expected));
  });
}
