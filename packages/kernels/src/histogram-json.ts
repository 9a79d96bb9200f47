import { GossamerError } from '@gossamer/graph';

/** A histogram as plain JSON. */
export interface HistogramJson {
  readonly bins: number;
  /** Bin width is 2^exponent. */
  readonly exponent: number;
  /** Index of the first element of `counts`; bins before and after those listed are empty. */
  readonly firstBin: number;
  readonly counts: readonly number[];
  /** Null when there is no finite value. */
  readonly min: number | null;
  readonly max: number | null;
  readonly zeroCount: number;
  readonly nanCount: number;
  readonly infCount: number;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function problem(json: HistogramJson): string | undefined {
  const { bins, exponent, firstBin, counts, min, max } = json;
  if (!isCount(bins) || bins < 128 || bins > 65536 || (bins & (bins - 1)) !== 0) return 'bins';
  if (!Number.isInteger(exponent) || exponent < -100 || exponent > 122) return 'exponent';
  if (!Array.isArray(counts) || !counts.every(isCount)) return 'counts';
  if (!isCount(firstBin) || firstBin + counts.length > bins) return 'firstBin';
  const total = counts.reduce((a, b) => a + b, 0);
  const hasRange = Number.isFinite(min) && Number.isFinite(max) && min! <= max!;
  if (total > 0 ? !hasRange : min !== null || max !== null) return 'min, max';
  if (!isCount(json.zeroCount) || json.zeroCount > total) return 'zeroCount';
  return isCount(json.nanCount) && isCount(json.infCount) ? undefined : 'nanCount, infCount';
}

/** Throws ERR_BAD_OPTION unless `json` could have come from `Histogram.toJSON`. */
export function requireHistogramJson(json: HistogramJson): void {
  const name = typeof json === 'object' && json !== null ? problem(json) : 'value';
  if (name === undefined) return;
  throw new GossamerError('ERR_BAD_OPTION', `histogram: expected the JSON of a histogram, received a wrong ${name}`);
}
