import type { DataSource } from '@gossamer/runtime';
import type { MethodName } from './methods/registry.js';

/** What the factored layers of a model may take together; those that are left count as they are. */
export interface Budget {
  /** What is counted: bytes of the layers' weights, or multiply-accumulates of one run (open sizes taken as 1). */
  readonly of: 'bytes' | 'macs';
  /** Share of what the layers have now, in (0, 1]. */
  readonly share: number;
}

/** How a model is factored. Exactly one of `rank`, `energy`, `budget` and `sensitivity` chooses the ranks; none: energy 0.99. */
export interface FactorizeOptions {
  /** Default 'whitened-svd' with data, else 'svd'. */
  readonly method?: MethodName;
  /** The rank of every layer, as it is (no multiple of `roundTo`). */
  readonly rank?: number;
  /** Share of a layer's energy that is kept, in (0, 1): the smallest rank that keeps it. Of the weight, or of the output with 'whitened-svd'. */
  readonly energy?: number;
  readonly budget?: Budget;
  /** Power that a layer alone may change of the model's outputs, as a share of theirs, > 0: the smallest rank that stays below. Needs data. */
  readonly sensitivity?: number;
  /** Samples to whiten with, to refit on, to measure output errors and sensitivity. */
  readonly data?: DataSource;
  /** Samples read at most. Default 128. */
  readonly samples?: number;
  /** Layers meant: ids, operators (`Conv`) or globs over ids. Default: all. */
  readonly include?: readonly string[];
  /** Layers not meant; wins over `include`. */
  readonly exclude?: readonly string[];
  /** Solve each layer's last factor by least squares on what its inputs are behind the layers factored before. Needs data. Default false. */
  readonly refit?: boolean;
  /** Ranks are multiples of this. Default 16. */
  readonly roundTo?: number;
  /** Share of elements in the sparse part, in (0, 1); 'sparse-low-rank' only. Default 0.02. */
  readonly density?: number;
  /** Of where 'cp' begins, and of the positions of convolutions that are looked at. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}
