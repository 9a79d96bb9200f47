/** Where scales lie: rows of [rows, columns] fall into blocks of `blockSize` columns, the last one shorter where it does not divide. */
export interface GridLayout {
  readonly rows: number;
  readonly columns: number;
  /** Columns that share a scale; `columns`: one scale a row. */
  readonly blockSize: number;
  /** [rows, blocks], row-major, none 0; negative where the lowest code stands for a positive value. A scale of the whole matrix is repeated. */
  readonly scales: Float32Array;
}

/** Integers: value = (quantMin + code - zeroPoint) * scale, code in [0, quantMax - quantMin]. */
export interface AffineGrid extends GridLayout {
  readonly kind: 'affine';
  readonly quantMin: number;
  readonly quantMax: number;
  /** [rows, blocks]; whole numbers, unless an algorithm says that it makes real ones (HQQ). */
  readonly zeroPoints: Float32Array;
}

/** Any values: value = levels[table, code] * scale. */
export interface LevelGrid extends GridLayout {
  readonly kind: 'levels';
  /** [tables, count], each ascending; one table for the matrix, or one a row. At most 256 a table. */
  readonly levels: Float32Array;
  readonly tables: number;
}

/** The values that the codes of one weight matrix [rows, columns] may stand for. */
export type WeightGrid = AffineGrid | LevelGrid;

/** Blocks in a row. */
export function blocksOf({ columns, blockSize }: GridLayout): number {
  return Math.ceil(columns / blockSize);
}

/** How many codes a grid has. */
export function codesOf(grid: WeightGrid): number {
  return grid.kind === 'affine' ? grid.quantMax - grid.quantMin + 1 : grid.levels.length / grid.tables;
}
