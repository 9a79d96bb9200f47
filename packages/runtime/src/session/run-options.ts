import type { Into } from './into.js';

export interface RunOptions {
  /** Outputs wanted. Default: all. */
  readonly outputs?: readonly string[];
  /**
   * Tensors to write these outputs to, by name; the run gives them back. They may overlap nothing that is fed nor one another (ERR_FEEDS),
   * nor be read or written until the run has ended; one that rejects may have written part of them. Default: all outputs are new.
   */
  readonly into?: Into;
  readonly signal?: AbortSignal;
}
