import { dequantizeMatrix, type MatrixCodes, roundToGrid } from '../grid/quantized-matrix.js';
import { blocksOf, codesOf, type WeightGrid } from '../grid/weight-grid.js';
import { inverseFactor } from './inverse-factor.js';
import { DAMPING, reachableTarget } from './reachable-target.js';
import { requireMoments } from './require-moments.js';
import type { WeightAlgorithm, WeightProblem } from './weight-algorithm.js';

/**
 * Column after column is rounded, and what that does to the outputs is made up for by the columns that are still to come. Integers in blocks go in order, each
 * block fitted to its weights as they are when it is reached; everything else by falling diagonal of the second moments, on the grid of the weights at the start.
 *
 * Source: Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023, algorithm 1.
 */
export const gptq: WeightAlgorithm = {
  name: 'gptq',
  needs: 'moments',
  solve(problem) {
    const { rows, columns, data } = problem;
    const second = requireMoments(problem, 'gptq');
    const weights = reachableTarget(problem);
    const start = problem.fit(Float32Array.from(weights), diagonalOf(second, columns));
    // Levels are of the whole matrix; integers are fitted to each block anew.
    const isRefitted = start.blockSize < columns && start.kind === 'affine';
    const order = isRefitted ? natural(columns) : byDiagonal(second, columns);
    const factor = inverseFactor(permuted(second, order), columns, DAMPING);
    const state: Rounding = { problem, weights, order, factor, codes: codesFor(start, data.length) };
    if (!isRefitted) {
      roundColumns(state, start, 0, columns);
      return Promise.resolve({ grid: start, codes: state.codes });
    }
    const grids: WeightGrid[] = [];
    const diagonal = diagonalOf(second, columns);
    for (let first = 0; first < columns; first += start.blockSize) {
      problem.signal?.throwIfAborted();
      const last = Math.min(first + start.blockSize, columns);
      const part = new Float32Array(rows * (last - first));
      for (let row = 0; row < rows; row++) {
        for (let j = first; j < last; j++) part[row * (last - first) + j - first] = weights[row * columns + j]!;
      }
      const grid = problem.fit(part, diagonal.subarray(first, last), last - first);
      grids.push(grid);
      roundColumns(state, grid, first, last);
    }
    return Promise.resolve({ grid: joined(start, grids), codes: state.codes });
  },
};

interface Rounding {
  readonly problem: WeightProblem;
  /** [rows, columns], of which those still to come change. */
  readonly weights: Float64Array;
  /** Which column comes when. */
  readonly order: Int32Array;
  /** See inverseFactor; rows and columns in that order. */
  readonly factor: Float64Array;
  readonly codes: MatrixCodes;
}

/** Rounds the columns at places [first, last) of the order on `grid`, whose column 0 is the column at `first` where it has fewer columns than the matrix. */
function roundColumns(
  { problem, weights, order, factor, codes }: Rounding,
  grid: WeightGrid,
  first: number,
  last: number,
): void {
  const { rows, columns } = problem;
  const offset = grid.columns === columns ? 0 : first;
  for (let place = first; place < last; place++) {
    const column = order[place]!;
    const values = Float32Array.from({ length: rows }, (_, row) => weights[row * columns + column]!);
    const one = columnOf(grid, column - offset);
    const rounded = roundToGrid(values, one);
    const found = dequantizeMatrix(rounded);
    const pivot = factor[place * columns + place]!;
    for (let row = 0; row < rows; row++) {
      codes[row * columns + column] = rounded.codes[row]!;
      const error = (weights[row * columns + column]! - found[row]!) / pivot;
      if (error === 0) continue;
      const line = row * columns;
      for (let later = place + 1; later < columns; later++) {
        weights[line + order[later]!]! -= error * factor[place * columns + later]!;
      }
    }
  }
}

/** The grid of one column: its scales are those of the block that it lies in. */
function columnOf(grid: WeightGrid, column: number): WeightGrid {
  const blocks = blocksOf(grid);
  const block = Math.floor(column / grid.blockSize);
  const pick = (all: Float32Array) => Float32Array.from({ length: grid.rows }, (_, row) => all[row * blocks + block]!);
  const common = { rows: grid.rows, columns: 1, blockSize: 1, scales: pick(grid.scales) };
  return grid.kind === 'affine' ? { ...grid, ...common, zeroPoints: pick(grid.zeroPoints) } : { ...grid, ...common };
}

/** Grids of blocks side by side as one. */
function joined(like: WeightGrid, grids: readonly WeightGrid[]): WeightGrid {
  const gather = (pick: (grid: WeightGrid) => Float32Array) => {
    const all = new Float32Array(like.rows * grids.length);
    grids.forEach((grid, block) => pick(grid).forEach((value, row) => (all[row * grids.length + block] = value)));
    return all;
  };
  const scales = gather((grid) => grid.scales);
  if (like.kind === 'levels') return { ...like, scales };
  return { ...like, scales, zeroPoints: gather((grid) => (grid as typeof like).zeroPoints) };
}

const codesFor = (grid: WeightGrid, length: number): MatrixCodes =>
  codesOf(grid) <= 256 ? new Uint8Array(length) : new Uint16Array(length);

const diagonalOf = (matrix: Float64Array, size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => matrix[i * size + i]!);

const natural = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

function byDiagonal(matrix: Float64Array, size: number): Int32Array {
  const diagonal = diagonalOf(matrix, size);
  return natural(size).sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
}

function permuted(matrix: Float64Array, order: Int32Array): Float64Array {
  const size = order.length;
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) out[i * size + j] = matrix[order[i]! * size + order[j]!]!;
  return out;
}
