/** A run of weights that share a scale. */
export interface ScaleBlock {
  readonly values: Float32Array;
  /** Weight of each value's squared error. */
  readonly importance: ArrayLike<number> | undefined;
}
