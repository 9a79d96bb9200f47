import type { Model } from '@gossamer/graph';
import type { DataSource } from '../data/data-source.js';
import type { StateFeed } from '../session/detect-state.js';
import { CalibrationRun } from './calibration-run.js';
import { type ObserveRequest, resolveRequests } from './observe-request.js';
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

/**
 * Runs the data through the model once and collects statistics of the chosen values (inputs, constants, results of any node outside
 * functions; in bodies of If and Loop too). Memory does not grow with the data: no activation outlives its batch. The result does not
 * depend on the order of the samples, nor on batch size or threads beyond the rounding of the engine's own sums.
 *
 * Without histograms the engine reduces each value to its range as it goes. NaN and infinities are left out and counted, with a warning;
 * in that mode a NaN that neither an input nor an output of the model shows may stay unseen.
 * Throws ERR_CALIBRATION for unknown values and for data without samples.
 */
export async function calibrate(
  model: Model,
  values: readonly ObserveRequest[],
  data: DataSource,
  options: CalibrateOptions = {},
): Promise<Calibration> {
  const requests = resolveRequests(model, values, options.histogram ?? false);
  const run = new CalibrationRun(model, [...requests.values()], options);
  try {
    return await run.over(data);
  } finally {
    await run.dispose();
  }
}
