import type { WeightMatrix } from '@gossamer/graph';

/** Which elements of a weight go: given as 0 [groups, rows, columns]; so many of all; or all but so many of every group along a row. */
export type Removal =
  | { readonly kind: 'given'; readonly kept: Uint8Array }
  | { readonly kind: 'count'; readonly kept: number }
  | { readonly kind: 'groups'; readonly keep: number; readonly group: number };

/** A weight whose elements go while the others make up for it. */
export interface UpdateProblem {
  readonly matrix: WeightMatrix;
  /** Of each of its matrices: mean of x xᵀ of what it multiplies, [columns, columns]. */
  readonly second: readonly Float64Array[];
  readonly removal: Removal;
  readonly signal?: AbortSignal;
}

export interface UpdatedWeight {
  /** [groups, rows, columns] */
  readonly data: Float32Array;
  /** 1: stays. */
  readonly kept: Uint8Array;
  /** What the mean squared error of the layer's outputs, summed over them, rises by; with damped moments. */
  readonly loss: number;
}

/** What the weights that stay become. */
export interface Update {
  readonly name: string;
  solve(problem: UpdateProblem): Promise<UpdatedWeight>;
}
