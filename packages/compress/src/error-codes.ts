/** Stable codes of this package's own errors. */
export type CompressErrorCode =
  /** The output exists and `force` was not given. */
  | 'ERR_OUTPUT_EXISTS'
  /** The output path is the input's, or its directory does not exist. */
  | 'ERR_OUTPUT_PATH'
  /** The result did not pass the gate: it does not load, or its outputs differ where they must not. Nothing was written. */
  | 'ERR_GATE'
  /** The metric fell by more than it may. Nothing was written. */
  | 'ERR_ACCURACY'
  /** The tensors of a weight file do not fit the model's initializers. */
  | 'ERR_WEIGHTS'
  /** An option is outside its range. */
  | 'ERR_OPTION';
