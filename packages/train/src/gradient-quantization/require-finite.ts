import { GossamerError } from '@gossamer/graph';
import type { TrainErrorCode } from '../error-codes.js';

/** `norm` of a gradient, where it is finite: one element that is not makes every element of the quantized gradient wrong. */
export function requireFinite(norm: number): number {
  if (Number.isFinite(norm)) return norm;
  throw new GossamerError<TrainErrorCode>(
    'ERR_DIVERGED',
    `gradient: expected finite numbers, received some of norm ${norm}`,
  );
}
