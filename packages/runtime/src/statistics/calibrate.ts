import type { Model } from '@gossamer/graph';
import type { DataSource } from '../data/data-source.js';
import type { CalibrateOptions, Calibration } from './calibration.js';
import { CalibrationRun } from './calibration-run.js';
import { type ObserveRequest, resolveRequests } from './observe-request.js';

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
