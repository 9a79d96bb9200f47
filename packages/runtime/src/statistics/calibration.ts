import type { StateFeed } from '../session/detect-state.js';
import type { TensorStatistics } from './tensor-statistics.js';

export interface CalibrateOptions {
  /** Count values in histograms, which all calibrators but minmax need. Default false: ranges only. */
  readonly histogram?: boolean;
  /** Bins of a histogram, a power of two. Default 8192. */
  readonly bins?: number;
  /** Samples a run. Default 1; more of them cost memory and seldom save time. */
  readonly batchSize?: number;
  readonly threads?: number;
  /** State carried over the steps of sequences. Default: what the model states or its names show. */
  readonly state?: readonly StateFeed[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { stage: 'calibrate'; done: number; total: number | undefined }) => void;
}

export interface Calibration {
  /** By value name; inside bodies by scope path + name. Values that could not be observed are missing, and in `warnings`. */
  readonly statistics: ReadonlyMap<string, TensorStatistics>;
  readonly samples: number;
  readonly warnings: readonly string[];
}
