import type { DataSource } from '@gossamer/runtime';
import type { WidthGridName } from '../widths/registry.js';
import type { WidthGrid } from '../widths/width-grid.js';

/** What kinds of structure go: filters of convolutions; hidden features of products over vectors, and over sequences; attention heads; hidden units of recurrent layers; residual blocks. */
export const STRUCTURE_PATTERNS = ['channel', 'neuron', 'ffn', 'head', 'unit', 'layer'] as const;
export type StructurePattern = (typeof STRUCTURE_PATTERNS)[number];

export const STRUCTURE_ALLOCATIONS = ['uniform', 'global', 'sensitivity'] as const;
export type StructureAllocation = (typeof STRUCTURE_ALLOCATIONS)[number];

/** How structure is taken away. Exactly one of `sparsity` and `widths` says how much. */
export interface PruneStructureOptions {
  /** One or several. 'layer' goes by itself, and by the measured change of the outputs. Default 'channel'. */
  readonly pattern?: StructurePattern | readonly StructurePattern[];
  /** Name of a criterion of units. Default 'magnitude-l2'. */
  readonly criterion?: string;
  /** Share of what `of` counts in the whole model that goes, in (0, 1): at least so much. */
  readonly sparsity?: number;
  /** What sparsity is a share of. Default 'macs'. */
  readonly of?: 'macs' | 'parameters';
  /** Sizes of symbolic dimensions that multiply-accumulates are counted at, e.g. `{ samples: 16000 }`. Default: each 1. */
  readonly bind?: Readonly<Record<string, number>>;
  /** Units that stay, by group id or glob over ids; no grid is laid on them, groups that are not named stay whole. */
  readonly widths?: Readonly<Record<string, number>>;
  /**
   * Where units go: 'uniform', the same share of every group; 'global', the least important of all, by what each saves where scores are on the
   * scale of the loss, else by the mean score of their group; 'sensitivity', by the change of the outputs measured with shares of each group
   * masked. Default 'uniform'.
   */
  readonly allocation?: StructureAllocation;
  /** Widths that the target runs well: 'float' or 'int8' of ONNX Runtime, 'none', or one of your own (measuredGrid, efficientGrid). Default 'float'. */
  readonly grid?: WidthGridName | WidthGrid;
  /** For criteria that look at activations or gradients, for 'sensitivity', for the pattern 'layer'. */
  readonly data?: DataSource;
  /** Samples at most. Default 128. */
  readonly samples?: number;
  /** Layers meant: ids, operators or globs over ids; a group is meant where one of its layers is. Default: all. */
  readonly include?: readonly string[];
  /** Layers not meant; a group stays where one of its layers is among them. */
  readonly exclude?: readonly string[];
  /** Also units whose removal is not the same as setting them to 0 (features of a LayerNormalization). Default false. */
  readonly allowInexact?: boolean;
  /** Default 0. */
  readonly seed?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}
