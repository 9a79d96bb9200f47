import type { BlockFit } from '@gossamer/kernels';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import type { WeightGrid } from '../grid/weight-grid.js';

/** One matrix of a layer, to be put on a grid. */
export interface WeightProblem {
  /** Id of the layer, for messages. */
  readonly layer: string;
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns], row-major; not to be written. */
  readonly data: Float32Array;
  /**
   * The grid of a matrix of this problem's shape: scheme, granularity and clip search are the user's. `importance` [columns] weighs the
   * squared error of a clip search. Algorithms that shift weights may fit again, or use the grid of `data` throughout.
   */
  readonly fit: (data: Float32Array, importance?: ArrayLike<number>) => WeightGrid;
  /** What `fit` does to a block of integers, for a solver that fits blocks on the way; missing where `fit` makes another grid. */
  readonly blockFit?: BlockFit | undefined;
  /** Mean of x xᵀ; missing where an algorithm does not need it. */
  readonly second?: Float64Array;
  /** Mean of x_float xᵀ, x_float the float model's inputs; for algorithms that follow them, and the same array as `second` where nothing drifted. */
  readonly cross?: Float64Array;
  /** [rows, columns], 0: the weight is 0 and stays so; missing where none has to. What an algorithm does not keep is set back behind it. */
  readonly kept?: Uint8Array;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Codes, and what they stand for, [rows, columns], where the algorithm has it at hand. */
export interface MatrixSolution extends QuantizedMatrix {
  readonly values?: Float32Array;
}

/** How codes are chosen on a grid. */
export interface WeightAlgorithm {
  readonly name: string;
  /** 'moments': second moments of the layer's inputs, for which calibration data are run layer by layer. */
  readonly needs: 'nothing' | 'moments';
  /** It aims at what the float layer makes of the float model's inputs, for which the float model runs beside the quantized one. Default: at what it makes of the quantized model's. */
  readonly followsFloat?: boolean;
  solve(problem: WeightProblem): Promise<MatrixSolution>;
}

/** Learns the rounding of several layers together (src/reconstruct), from what lies between them. */
export interface UnitAlgorithm {
  readonly name: string;
  readonly needs: 'units';
  /** Share of the elements of a unit's inputs that are the float model's. */
  readonly drop: number;
}
