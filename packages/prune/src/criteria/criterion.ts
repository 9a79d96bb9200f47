import type { GradientStatistic } from '../gradients/gradient-statistics.js';
import type { Threshold } from './threshold-limit.js';

/** A matrix of a weight whose elements are scored. */
export interface CriterionProblem {
  /** [rows, columns], row-major: rows are output features, columns what is summed over. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Mean of x xᵀ of what the matrix multiplies, [columns, columns]; where the criterion needs inputs. */
  readonly second?: Float64Array;
  /** What the criterion needs of gradients, [rows, columns]. */
  readonly statistic?: Float64Array;
  /** Which weights are too small; of criterion `threshold`. */
  readonly threshold?: Threshold;
}

/** How important elements are. */
export interface Criterion {
  readonly name: string;
  /** What it looks at beside the weights. */
  readonly needs: 'nothing' | 'inputs' | GradientStatistic;
  /** [rows, columns], larger: the loss gets worse without it; comparable within the matrix, and among matrices where `isGlobal`. */
  score(problem: CriterionProblem): Float64Array | Promise<Float64Array>;
  readonly isGlobal: boolean;
  /** Made to be compared within rows. */
  readonly isByRow?: boolean;
  /** Elements below this score go, and no others: nobody says how many. Default: as many as are asked for. */
  readonly cut?: number;
}
