/** A weight as a regulariser sees it, row-major. */
export interface RegularizedTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  /** Axis whose slices belong to groups. Default 0. */
  readonly axis?: number;
  /** Group of each slice, integers >= 0; tensors that are given together share the numbering. Default: slice i is in group i. */
  readonly groupOf?: ArrayLike<number>;
}

/** A penalty of weights that is taken as a proximal step after the optimiser's, so that it reaches exact zeros. */
export interface Regularizer {
  readonly name: string;
  /** The term in the loss, without its factor, in double. */
  penalty(tensors: readonly RegularizedTensor[]): number;
  /**
   * The proximal step, in place: the x for which |x - w|^2 / 2 + threshold penalty(x) is least. `threshold`, >= 0, is the learning rate
   * times the factor of the term. Throws ERR_TRAIN_OPTIONS.
   */
  shrink(tensors: readonly RegularizedTensor[], threshold: number): void;
}
