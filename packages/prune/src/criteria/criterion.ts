/** A matrix of a weight whose elements are scored. */
export interface CriterionProblem {
  /** [rows, columns], row-major: rows are output features, columns what is summed over. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Mean of x xᵀ of what the matrix multiplies, [columns, columns]; where the criterion needs inputs. */
  readonly second?: Float64Array;
}

/** How important elements are. */
export interface Criterion {
  readonly name: string;
  readonly needs: 'nothing' | 'inputs';
  /** [rows, columns], larger: the loss gets worse without it; comparable within the matrix, and among matrices where `isGlobal`. */
  score(problem: CriterionProblem): Float64Array;
  readonly isGlobal: boolean;
}
