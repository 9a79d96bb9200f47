/** Codes of the errors this package throws; each is explained where it is thrown. */
export type PruneErrorCode =
  | 'ERR_PRUNE_OPTION'
  | 'ERR_PRUNE_DATA'
  | 'ERR_PRUNE_SIZE'
  | 'ERR_PRUNE_REMOVAL'
  | 'ERR_PRUNE_MASK'
  | 'ERR_PRUNE_STAGES';
