import { GossamerError } from '@gossamer/graph';
import type { PruneErrorCode } from './error-codes.js';

/** Throws ERR_PRUNE_OPTION, or another code, for option `name`. */
export function badOption(
  name: string,
  expected: string,
  received: unknown,
  code: PruneErrorCode = 'ERR_PRUNE_OPTION',
): never {
  throw new GossamerError<PruneErrorCode>(code, `${name}: expected ${expected}, received ${String(received)}`);
}
