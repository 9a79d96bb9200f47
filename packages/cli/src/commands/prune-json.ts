import type { AccuracyResult, CompressionResult, PruneReport, RecoveryReport } from '@gossamer/compress';

/** What `prune --json` says of a file it wrote. */
export type PruneJson = CompressionResult &
  PruneReport & { readonly accuracy?: AccuracyResult; readonly recovery?: RecoveryReport };
