/**
 * Counts of a tensor's values in bins of equal width, mirrored at 0: bin `bins / 2 + m` covers [m * binWidth, (m + 1) * binWidth).
 * `Histogram` of @gossamer/kernels is one.
 */
export interface HistogramView {
  readonly bins: number;
  readonly counts: Float64Array;
  readonly binWidth: number;
  /** Values that are exactly 0. They lie in bin `bins / 2`. */
  readonly zeroCount: number;
  /** Finite values. */
  readonly total: number;
  /** Exact, over finite values. */
  readonly min: number;
  readonly max: number;
}

/** What is known about the values a tensor takes over the calibration data. All but the counts is over finite values. */
export interface TensorStatistics {
  /** The value's name, with the scope path before it inside bodies. */
  readonly name: string;
  /** Finite elements seen; undefined where the engine reduced them and did not say how many. */
  readonly count: number | undefined;
  /**
   * Infinity when nothing finite was seen. Without a histogram it is 0 for values whose operator gives nothing below (a ReLU), even if
   * the least one was larger: ranges hold 0 anyway.
   */
  readonly min: number;
  /** -Infinity when nothing finite was seen. */
  readonly max: number;
  /** Largest magnitude; 0 when nothing finite was seen. */
  readonly absMax: number;
  /** Mean magnitude, from the histogram: exact to half a bin. Undefined without a histogram. */
  readonly meanAbs: number | undefined;
  readonly nanCount: number;
  readonly infCount: number;
  readonly histogram: HistogramView | undefined;
  /** Ranges along one axis, where asked for. */
  readonly channels: { readonly axis: number; readonly min: Float32Array; readonly max: Float32Array } | undefined;
}

/** Mean magnitude of what a histogram counted, every value taken at the middle of its bin, exact zeros as 0. */
export function histogramMeanAbs({ bins, counts, binWidth, zeroCount, total }: HistogramView): number {
  if (total === 0) return 0;
  const half = bins / 2;
  let sum = 0;
  for (let m = 0; m < half; m++) {
    const positive = counts[half + m]! - (m === 0 ? zeroCount : 0);
    sum += (positive + counts[half - 1 - m]!) * (m + 0.5);
  }
  return (sum * binWidth) / total;
}
