/** One value with its interval. */
export interface Bar {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** Values side by side under one label. */
export interface BarGroup {
  readonly label: string;
  /** By series; undefined: not measured. */
  readonly bars: readonly (Bar | undefined)[];
}

/** Horizontal bars. */
export interface Plot {
  readonly title: string;
  /** What the axis shows. */
  readonly unit: string;
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
  /** A line across all bars, e.g. 1 for ratios. */
  readonly line?: number;
}
