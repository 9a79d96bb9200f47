import type { DataSource } from '@gossamer/runtime';

/** How elements of weights are taken away. */
export interface PruneWeightsOptions {
  /** Share of the weights meant that become 0, in (0, 1). With a pattern N:M, none: the pattern says it. */
  readonly sparsity?: number;
  /** unstructured, N:M, maxN:M or block:AxB, along what a layer sums over. Default 'unstructured'. */
  readonly pattern?: string;
  /** Name of a criterion. Default 'magnitude'. */
  readonly criterion?: string;
  /** Where they go: 'global', by one threshold; 'uniform', the same share of each weight; 'erk'. Default: 'global' for criteria that are comparable among layers, else 'uniform'. */
  readonly allocation?: 'global' | 'uniform' | 'erk';
  /** For criteria that look at inputs. */
  readonly data?: DataSource;
  /** Samples at most. Default 128. */
  readonly samples?: number;
  /** Layers meant: ids, operators or globs over ids. Default: all. */
  readonly include?: readonly string[];
  /** Layers not meant; wins over `include`. */
  readonly exclude?: readonly string[];
  /** Default 0. */
  readonly seed?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}
