/** Codes of the errors this package throws; each is explained where it is thrown. */
export type TrainErrorCode =
  | 'ERR_TRAINING_FORM'
  | 'ERR_NO_GRADIENT'
  | 'ERR_TRAIN_OPTIONS'
  | 'ERR_TRAIN_DATA'
  | 'ERR_CHECKPOINT'
  | 'ERR_DIVERGED'
  | 'ERR_WORKER';
