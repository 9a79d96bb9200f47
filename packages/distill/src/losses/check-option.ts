import { GossamerError } from '@gossamer/graph';
import type { DistillErrorCode } from '../error-codes.js';

/** Throws ERR_DISTILL_OPTIONS unless `value` is a finite number > 0. */
export function checkPositive(name: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return;
  throw new GossamerError<DistillErrorCode>(
    'ERR_DISTILL_OPTIONS',
    `${name}: expected a finite number > 0, received ${value}`,
  );
}
