import { GossamerError } from '@gossamer/graph';
import type { PruneErrorCode } from './error-codes.js';

/** Throws ERR_PRUNE_OPTION unless `above` < value <= `most`. */
export function requireShare(name: string, value: number, above = 0, most = 1): void {
  if (value > above && value <= most) return;
  throw new GossamerError<PruneErrorCode>(
    'ERR_PRUNE_OPTION',
    `${name}: expected a number above ${above} and up to ${most}, received ${value}`,
  );
}
