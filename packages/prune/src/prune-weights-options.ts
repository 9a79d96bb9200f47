import type { Model } from '@gossamer/graph';
import type { DataSource } from '@gossamer/runtime';
import type { Loss } from '@gossamer/train';
import type { Threshold } from './criteria/threshold-limit.js';
import type { UpdateName } from './updates/registry.js';

export const ALLOCATIONS = ['global', 'uniform', 'row', 'erk', 'sensitivity'] as const;
export type Allocation = (typeof ALLOCATIONS)[number];

/** How elements of weights are taken away. */
export interface PruneWeightsOptions {
  /** Share of the weights meant that become 0, in (0, 1). With a pattern N:M or criterion 'threshold', none: those say it. */
  readonly sparsity?: number;
  /** Of criterion 'threshold': which weights are too small. */
  readonly threshold?: Threshold;
  /** unstructured, N:M, maxN:M or block:AxB, along what a layer sums over. Default 'unstructured'. */
  readonly pattern?: string;
  /** Name of a criterion. Default 'magnitude'; with an update its own, by weights as they are when their turn comes. */
  readonly criterion?: string;
  /** What the weights that stay become: 'none', what they were; 'obs' and 'sparsegpt', what keeps the layer's outputs; 'woodfisher', what keeps the loss. Default 'none'. */
  readonly update?: 'none' | UpdateName;
  /** Where they go: 'global', by one threshold; 'uniform', the same share of each weight; 'row', of each row (output feature); 'erk'; 'sensitivity', by the change of the outputs measured with shares of each weight at 0 (up to 0.99, the data are run 8 times a weight). Default: 'global' for criteria that are comparable among layers, 'row' for wanda, else 'uniform'. */
  readonly allocation?: Allocation;
  /** For criteria and updates that look at inputs or gradients, and for 'sensitivity'. */
  readonly data?: DataSource;
  /** Samples at most. Default 128, where gradients are wanted 512. */
  readonly samples?: number;
  /** What gradients are of. Default: cross-entropy of the data's labels (or integer targets), the squared error of other targets. */
  readonly loss?: Loss;
  /** Draws labels for gradients where the data have none. Default: the model itself. */
  readonly teacher?: Model;
  /** Samples of a gradient, where the criterion does not take them one by one. Default 32. */
  readonly batch?: number;
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
