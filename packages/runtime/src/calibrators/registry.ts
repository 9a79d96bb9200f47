import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { TensorStatistics } from '../statistics/tensor-statistics.js';
import { entropy } from './entropy.js';
import { minmax } from './minmax.js';
import { mse } from './mse.js';
import { octav } from './octav.js';
import { percentile } from './percentile.js';
import type { Calibrator, Range, RangeOptions } from './range.js';

/** Every calibrator, by name. */
export const CALIBRATORS = { minmax, percentile, entropy, mse, octav } as const satisfies Record<string, Calibrator>;

export type CalibratorName = keyof typeof CALIBRATORS;

/** The calibrator called `name`; throws ERR_CALIBRATOR naming those there are. */
export function findCalibrator(name: string): Calibrator {
  if (Object.hasOwn(CALIBRATORS, name)) return CALIBRATORS[name as CalibratorName];
  const names = Object.keys(CALIBRATORS).join(', ');
  throw new GossamerError<RuntimeErrorCode>('ERR_CALIBRATOR', `calibrator: expected one of ${names}, received ${name}`);
}

/** The range that a calibrator chooses. It holds 0, lies within what was seen (0 included) and never depends on batches. */
export function chooseRange(statistics: TensorStatistics, options: RangeOptions): Range {
  return findCalibrator(options.calibrator).choose(statistics, options);
}
