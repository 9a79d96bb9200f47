import { GossamerError } from '@gossamer/graph';
import type { SolverGridArguments } from '@gossamer/native';
import { requireArray, requireInteger, requireLength } from '../require-array.js';

interface SolverGridLayout {
  readonly rows: number;
  readonly columns: number;
  /** Columns that share a scale, the last block of a row maybe shorter. */
  readonly blockSize: number;
  /** [rows, blocks], finite, not 0. */
  readonly scales: Float32Array;
}

/** value = (quantMin + code - zeroPoint) * scale, code in [0, quantMax - quantMin], the nearest with ties to even. */
export interface AffineSolverGrid extends SolverGridLayout {
  readonly kind: 'affine';
  readonly quantMin: number;
  /** At most quantMin + 65535. */
  readonly quantMax: number;
  /** [rows, blocks] */
  readonly zeroPoints: Float32Array;
}

/** value = levels[table, code] * scale, the nearest with ties to the lower level. */
export interface LevelSolverGrid extends SolverGridLayout {
  readonly kind: 'levels';
  /** [tables, count], ascending in each table, at most 256. */
  readonly levels: Float32Array;
  /** 1, or one a row. */
  readonly tables: number;
}

/** The values that a solver may give the weights of a matrix [rows, columns]. */
export type SolverGrid = AffineSolverGrid | LevelSolverGrid;

/** Codes counted from the lowest: 8-bit where there are at most 256 of them. */
export type SolverCodes = Uint8Array | Uint16Array;

/** The addon's arguments for a grid. */
export type GridArguments = SolverGridArguments;

/** No grid, or one whose scales the call finds itself. */
export const NO_GRID: GridArguments = [0, 1, undefined, undefined, 0, 0, undefined, 1];

/** The addon's arguments for a grid of a matrix [rows, columns]. */
export function gridArguments(grid: SolverGrid, rows: number, columns: number): GridArguments {
  requireInteger('grid.rows', grid.rows, rows, rows);
  requireInteger('grid.columns', grid.columns, columns, columns);
  requireInteger('grid.blockSize', grid.blockSize, 1);
  const { blockSize, scales } = grid;
  const blocks = rows * Math.ceil(columns / blockSize);
  requireArray('grid.scales', scales, 'Float32Array');
  requireLength('grid.scales', scales, blocks);
  if (!scales.every((scale) => Number.isFinite(scale) && scale !== 0)) {
    throw new GossamerError('ERR_BAD_SCALE', 'grid.scales: expected finite numbers other than 0');
  }
  if (grid.kind === 'affine') {
    requireArray('grid.zeroPoints', grid.zeroPoints, 'Float32Array');
    requireLength('grid.zeroPoints', grid.zeroPoints, blocks);
    requireInteger('grid.quantMin', grid.quantMin, -65536, 65535);
    requireInteger('grid.quantMax', grid.quantMax, grid.quantMin, grid.quantMin + 65535);
    return [1, blockSize, scales, grid.zeroPoints, grid.quantMin, grid.quantMax, undefined, 1];
  }
  requireArray('grid.levels', grid.levels, 'Float32Array');
  if (grid.tables !== 1) requireInteger('grid.tables', grid.tables, rows, rows);
  const count = grid.levels.length / grid.tables;
  requireInteger('grid.levels.length / grid.tables', count, 1, 256);
  return [2, blockSize, scales, undefined, 0, 0, grid.levels, grid.tables];
}

/** Room for the codes of a matrix. */
export function allocateCodes(grid: SolverGrid, length: number): SolverCodes {
  const count = grid.kind === 'affine' ? grid.quantMax - grid.quantMin + 1 : grid.levels.length / grid.tables;
  return count <= 256 ? new Uint8Array(length) : new Uint16Array(length);
}
