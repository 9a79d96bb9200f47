/** A tensor seen as a matrix and walked row by row: element (r, c) is at r x rowStride + c x columnStride. */
export interface MatrixLayout {
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** Columns that belong together (the elements of one convolution kernel); 1: none. */
  readonly period: number;
}

/** How many layouts there are; which of them are worth a try depends on the rank. */
export const LAYOUTS = 4;

/**
 * Layout `variant` of `dims`: bit 0 walks columns first (the transposed matrix), bit 1 puts the second axis with the rows.
 *
 * Without it rows are the first axis. Rank 0 and 1 are one row.
 */
export function matrixLayout(dims: readonly number[], variant: number): MatrixLayout {
  const product = (axes: readonly number[]) => axes.reduce((a, b) => a * b, 1);
  const split = dims.length < 2 ? 0 : (variant & 2) !== 0 && dims.length > 2 ? 2 : 1;
  const rows = product(dims.slice(0, split));
  const columns = product(dims.slice(split));
  if ((variant & 1) !== 0) return { rows: columns, columns: rows, rowStride: 1, columnStride: columns, period: 1 };
  const period = split === 1 ? product(dims.slice(2)) : 1;
  return { rows, columns, rowStride: columns, columnStride: 1, period };
}

/** The variants that differ for tensors of this rank. */
export function layoutVariants(dims: readonly number[]): readonly number[] {
  if (dims.filter((dim) => dim !== 1).length < 2) return [0];
  return dims.length > 2 ? [0, 1, 2, 3] : [0, 1];
}
