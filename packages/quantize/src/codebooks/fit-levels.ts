import { lloyd } from './lloyd.js';
import { optimalLevels } from './optimal-levels.js';

/** Distinct values up to which the dynamic program sees every one of them; above, as many runs of neighbours by their means. */
const MOST_VALUES = 4096;

/**
 * `count` levels, ascending, of least weighted squared distance to `data`: exact up to 4,096 distinct values; of more, the exact answer for at most 4,096 runs of neighbours, improved by
 * Lloyd's iterations on all. Where there are zeros, 0 is a level: pruned weights stay pruned.
 */
export function fitLevels(data: Float32Array, importance: ArrayLike<number> | undefined, count: number): Float32Array {
  const { values, weights } = distinct(data, importance);
  const zero = values.indexOf(0);
  const isPruned = zero >= 0 && count > 1;
  const keep = (array: Float64Array) => (isPruned ? array.filter((_, i) => i !== zero) : array);
  const [rest, mass] = [keep(values), keep(weights)];
  const runs = inRuns(rest, mass);
  const found = optimalLevels(runs.values, runs.weights, isPruned ? count - 1 : count);
  const levels = isPruned ? Float64Array.of(...found, 0).sort() : found;
  return Float32Array.from(rest.length > MOST_VALUES ? lloyd(values, weights, levels, isPruned) : levels).sort();
}

interface Weighted {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

/** Distinct values, ascending, with the sum of their weights. */
function distinct(data: Float32Array, importance: ArrayLike<number> | undefined): Weighted {
  const order = importance && Uint32Array.from(data, (_, i) => i).sort((a, b) => data[a]! - data[b]!);
  const sorted = order ? Float32Array.from(order, (i) => data[i]!) : data.slice().sort();
  const values: number[] = [];
  const weights: number[] = [];
  sorted.forEach((value, i) => {
    const weight = order ? importance[order[i]!]! : 1;
    // -0 sorts in front of 0 and is the same weight.
    if (values.at(-1) === value) weights[weights.length - 1]! += weight;
    else {
      values.push(value + 0);
      weights.push(weight);
    }
  });
  return { values: Float64Array.from(values), weights: Float64Array.from(weights) };
}

/**
 * At most MOST_VALUES runs of neighbouring values, each as its mean with its weight: as long as makes equal shares of the sum of (weight x gap²)^(1/3) to the value before, so that runs are as dense as the levels of
 * the least squared error are (Panter and Dite, "Quantization distortion in pulse-count modulation with nonuniform spacing of levels", Proceedings of the IRE 39(1), 1951). Runs of equal weight would leave the
 * tails too few: 2.1 times the least distance for 20,000 cubes of normal numbers and 64 levels, where these have
 * 1.000002 times, and a start by k-means++ ends in 1.1 times.
 */
function inRuns(values: Float64Array, weights: Float64Array): Weighted {
  if (values.length <= MOST_VALUES) return { values, weights };
  const shares = new Float64Array(values.length);
  for (let i = 1; i < values.length; i++) {
    const gap = values[i]! - values[i - 1]!;
    shares[i] = shares[i - 1]! + (weights[i]! * gap * gap) ** (1 / 3);
  }
  const [means, sums, firsts] = [1, 2, 3].map(() => new Float64Array(MOST_VALUES)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const step = shares.at(-1)! / MOST_VALUES;
  let runs = 0;
  let end = -1;
  values.forEach((value, i) => {
    const whole = step > 0 ? (shares[i]! / step) | 0 : 0;
    const place = whole < MOST_VALUES ? whole : MOST_VALUES - 1;
    if (place !== end) {
      end = place;
      firsts[runs++] = value;
    }
    means[runs - 1]! += value * weights[i]!;
    sums[runs - 1]! += weights[i]!;
  });
  return {
    values: means.map((sum, run) => (sums[run]! > 0 ? sum / sums[run]! : firsts[run]!)).subarray(0, runs),
    weights: sums.subarray(0, runs),
  };
}
