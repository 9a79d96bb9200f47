import { lloyd } from './lloyd.js';
import { optimalLevels } from './optimal-levels.js';

/** Distinct values up to which the dynamic program sees every one of them; above, as many runs of neighbours by their means. */
const MOST_VALUES = 4096;

/**
 * `count` levels, ascending, of least weighted squared distance to `data`: exact up to 4,096 distinct values; of more, the exact answer for 4,096 runs of neighbours, improved by
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

/** At most MOST_VALUES runs of neighbouring values, each as its mean with its weight. */
function inRuns(values: Float64Array, weights: Float64Array): Weighted {
  const step = Math.ceil(values.length / MOST_VALUES);
  if (step <= 1) return { values, weights };
  const runs = Math.ceil(values.length / step);
  const [means, sums] = [new Float64Array(runs), new Float64Array(runs)];
  values.forEach((value, i) => {
    const run = Math.floor(i / step);
    means[run]! += value * weights[i]!;
    sums[run]! += weights[i]!;
  });
  return { values: means.map((sum, run) => (sums[run]! > 0 ? sum / sums[run]! : values[run * step]!)), weights: sums };
}
