import type { TensorStatistics } from '../../statistics/tensor-statistics.js';

/** Statistics of given values with a histogram of `bins` bins, counted the slow way. Bin width is a power of two that holds them all. */
export function statisticsOf(values: readonly number[], bins = 1024): TensorStatistics {
  const finite = values.filter(Number.isFinite);
  const absMax = finite.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  let binWidth = 2 ** -20;
  while (absMax >= (bins / 2) * binWidth) binWidth *= 2;
  const counts = new Float64Array(bins);
  for (const value of finite) counts[Math.floor(value / binWidth) + bins / 2]!++;
  const min = finite.reduce((least, value) => Math.min(least, value), Infinity);
  const max = finite.reduce((most, value) => Math.max(most, value), -Infinity);
  const zeroCount = finite.filter((value) => value === 0).length;
  return {
    name: 'x',
    count: finite.length,
    min,
    max,
    absMax,
    meanAbs: undefined,
    nanCount: 0,
    infCount: 0,
    histogram: { bins, counts, binWidth, zeroCount, total: finite.length, min, max },
    channels: undefined,
  };
}
