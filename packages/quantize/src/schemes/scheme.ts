import type { BlockFit } from '@gossamer/kernels';
import type { WeightGrid } from '../grid/weight-grid.js';

/** How ranges are clipped: not, by a search for the least squared error (true, 'mse'), or at OCTAV's limit. */
export type Clip = boolean | 'mse' | 'octav';

/** Where the scales of a weight lie. */
export interface SchemeLayout {
  readonly rows: number;
  readonly columns: number;
  /** 'tensor': one for the matrix; 'row': one an output feature; else columns that share one. */
  readonly granularity: 'tensor' | 'row' | number;
  /** The clip of each scale, for the squared error weighted by the importance of columns. */
  readonly clip: Clip;
  /** Weight of each column's squared error in a clip search. Default: all alike. */
  readonly importance?: ArrayLike<number>;
  readonly seed: number;
}

/** Which values the codes of a weight may stand for. */
export interface Scheme {
  /** As options and reports name it: int3, uint4, nf4, codebook4, ... */
  readonly name: string;
  /** Bits of a code in the file. */
  readonly bits: number;
  /** How a solver fits blocks of integers on the way; undefined for other levels. */
  blockFit?(layout: { readonly clip: Clip; readonly blockSize: number }): BlockFit | undefined;
  /** The grid of a matrix [rows, columns]. */
  fit(data: Float32Array, layout: SchemeLayout): WeightGrid;
}
