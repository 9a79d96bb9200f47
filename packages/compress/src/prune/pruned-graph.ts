import { GossamerError, type Model } from '@gossamer/graph';
import type { CompressErrorCode } from '../error-codes.js';
import type { RecoveryReport } from './recovery.js';

/** What a way of pruning made, before it is reported. */
export interface PrunedGraph {
  readonly model: Model;
  readonly pattern: string;
  readonly criterion: string;
  /** Why layers were left, by id. */
  readonly left: ReadonlyMap<string, string>;
  /** Of an update, by the id of the first layer that reads the weight. */
  readonly rises: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
  readonly recovery?: RecoveryReport;
}

/** Throws ERR_OPTION. */
export function badOption(name: string, expected: string, received: unknown): never {
  throw new GossamerError<CompressErrorCode>(
    'ERR_OPTION',
    `${name}: expected ${expected}, received ${String(received)}`,
  );
}
