import type { WeightView } from '@gossamer/graph';
import type { BlockFit } from '@gossamer/kernels';
import type { WeightGrid } from '../grid/weight-grid.js';

/** A weight that is to be put on a grid. */
export interface WeightPlan {
  readonly view: WeightView;
  /** The grid of a matrix [rows, columns], the weight's `group`th; see WeightProblem. */
  readonly fit: (
    data: Float32Array,
    rows: number,
    columns: number,
    importance?: ArrayLike<number>,
    group?: number,
  ) => WeightGrid;
  /** See WeightProblem. */
  readonly blockFit?: BlockFit | undefined;
  /** What grid it is: a weight that layers share is solved once for each. Default: one for all. */
  readonly key?: string;
}
