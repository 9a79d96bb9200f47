export interface RunOptions {
  /** Outputs wanted. Default: all. */
  readonly outputs?: readonly string[];
  readonly signal?: AbortSignal;
}
