import type { HistogramView } from '@gossamer/runtime';

/** How the values of a tensor lie. */
export interface Spread {
  readonly min: number;
  readonly max: number;
  /** Largest magnitude over the magnitude that 99.9 % of the values stay below. */
  readonly outlierRatio: number;
  /** Fourth central moment over the squared variance: 3 for a normal distribution. */
  readonly kurtosis: number;
  /** Largest range of a channel over the median of all; undefined where channels are not known. */
  readonly channelRatio: number | undefined;
}

const MOST_VALUES = 99.9 / 100;

/** Of an array, rows of which are its channels. O(n log n). */
export function spreadOf(values: Float32Array, rows: number): Spread {
  const magnitudes = values.map(Math.abs).sort();
  let [min, max, mean] = [Infinity, -Infinity, 0];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    mean += value / values.length;
  }
  let [second, fourth] = [0, 0];
  for (const value of values) {
    const square = (value - mean) ** 2;
    second += square / values.length;
    fourth += (square * square) / values.length;
  }
  const columns = values.length / rows;
  const ranges = Array.from({ length: rows }, (_, row) =>
    values.subarray(row * columns, (row + 1) * columns).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );
  const inner = magnitudes[Math.max(0, Math.ceil(MOST_VALUES * values.length) - 1)] ?? 0;
  return {
    ...{ min, max, outlierRatio: quotient(magnitudes.at(-1) ?? 0, inner) },
    kurtosis: second > 0 ? fourth / second ** 2 : 0,
    channelRatio: channelRatio(ranges),
  };
}

/** Of what a histogram counted, each value at the middle of its bin. */
export function histogramSpread(histogram: HistogramView, channelRanges: readonly number[] | undefined): Spread {
  const { bins, counts, binWidth, zeroCount, total, min, max } = histogram;
  const half = bins / 2;
  const middle = (bin: number) => (bin - half + 0.5) * binWidth;
  // Exact zeros lie in bin half.
  const count = (bin: number) => counts[bin]! - (bin === half ? zeroCount : 0);
  let mean = 0;
  for (let bin = 0; bin < bins; bin++) mean += (count(bin) * middle(bin)) / total;
  let second = (zeroCount / total) * mean ** 2;
  let fourth = (zeroCount / total) * mean ** 4;
  for (let bin = 0; bin < bins; bin++) {
    const square = (middle(bin) - mean) ** 2;
    second += (count(bin) * square) / total;
    fourth += (count(bin) * square * square) / total;
  }
  let inside = 0;
  let m = 0;
  while (m < half && inside < MOST_VALUES * total) {
    inside += counts[half + m]! + counts[half - 1 - m]!;
    m++;
  }
  return {
    ...{ min, max, outlierRatio: Math.max(1, quotient(Math.max(-min, max), m * binWidth)) },
    kurtosis: second > 0 ? fourth / second ** 2 : 0,
    channelRatio: channelRanges && channelRatio(channelRanges),
  };
}

/** Share of the values outside [low, high]; bins that lie across a limit count as inside. */
export function shareOutside({ bins, counts, binWidth, total }: HistogramView, low: number, high: number): number {
  const half = bins / 2;
  let outside = 0;
  for (let bin = 0; bin < bins; bin++) {
    const start = (bin - half) * binWidth;
    if (start + binWidth <= low || start >= high) outside += counts[bin]!;
  }
  return total > 0 ? outside / total : 0;
}

function channelRatio(ranges: readonly number[]): number {
  const sorted = [...ranges].sort((a, b) => a - b);
  return quotient(sorted.at(-1) ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0);
}

/** 1 for 0 / 0: nothing sticks out. */
const quotient = (a: number, b: number): number => (b > 0 ? a / b : a > 0 ? Infinity : 1);
