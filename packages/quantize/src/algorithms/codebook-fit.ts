import { nearestLevel } from '../grid/nearest-level.js';
import { leastSquaresLevels } from '../codebooks/least-squares-levels.js';
import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { blocksOf, codesOf, type LevelGrid, type WeightGrid } from '../grid/weight-grid.js';
import { DAMPING } from './damped-factor.js';
import { dampedMoment, outputErrorAsync } from '@gossamer/kernels';
import { reachableTarget } from './reachable-target.js';
import { requireMoments } from './require-moments.js';
import type { WeightAlgorithm } from './weight-algorithm.js';

const MOST_ROUNDS = 12;
/** Rounds end when one takes less than this share of the error away. */
const LEAST_GAIN = 1e-3;

/**
 * Codebooks trained by the output error: in turn the levels that are best for the codes (closed form), and a sweep in which each weight takes the level that is best while all others stay
 * (coordinate descent). Neither step makes the error larger. Pruned weights stay 0. Grids whose values are given (integers, NF4) are rounded to nearest. O(12 x elements x columns), on the calling thread.
 *
 * In place of the gradients of Han, Mao and Dally, "Deep Compression", ICLR 2016, section 3.3, which the second moments give at once.
 */
export const codebookFit: WeightAlgorithm = {
  name: 'codebook-fit',
  needs: 'moments',
  followsFloat: true,
  async solve(problem) {
    const { columns, data, fit, signal } = problem;
    const second = dampedMoment(requireMoments(problem, 'codebook-fit'), columns, DAMPING);
    const start = fit(data);
    let best = roundToGrid(data, start);
    if (start.kind !== 'levels' || !isFitted(start, fit(data.map((weight) => weight * weight * weight)))) return best;
    const target = await reachableTarget(problem);
    const errorOf = (matrix: QuantizedMatrix) =>
      outputErrorAsync({ changed: dequantizeMatrix(matrix), target, second, columns });
    let least = await errorOf(best);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      signal?.throwIfAborted();
      const levels = leastSquaresLevels(best.grid as LevelGrid, best.codes, target, second);
      const next = inOrder({ grid: { ...(best.grid as LevelGrid), levels }, codes: best.codes.slice() });
      reassign(next, data, target, second);
      const error = await errorOf(next);
      if (!(error < least)) break;
      const isStill = error > (1 - LEAST_GAIN) * least;
      [best, least] = [next, error];
      if (isStill) break;
    }
    return best;
  },
};

/** Whether levels follow the weights. */
function isFitted(grid: LevelGrid, other: WeightGrid): boolean {
  return other.kind === 'levels' && grid.levels.some((level, i) => level !== other.levels[i]);
}

interface Coded extends QuantizedMatrix {
  readonly grid: LevelGrid;
}

/** The same values with ascending levels. */
function inOrder({ grid, codes }: Coded): Coded {
  const { rows, columns, tables } = grid;
  const count = codesOf(grid);
  const size = (rows / tables) * columns;
  const levels = grid.levels.slice();
  for (let table = 0; table < tables; table++) {
    const own = grid.levels.subarray(table * count, (table + 1) * count);
    const order = Array.from(own, (_, k) => k).sort((a, b) => own[a]! - own[b]!);
    const place = new Uint8Array(count);
    order.forEach((old, k) => {
      place[old] = k;
      levels[table * count + k] = own[old]!;
    });
    for (let i = table * size; i < (table + 1) * size; i++) codes[i] = place[codes[i]!]!;
  }
  return { grid: { ...grid, levels }, codes };
}

/** Each weight in turn takes the level that makes (v - t) M (v - t)ᵀ of its row least; codes change in place. */
function reassign(matrix: Coded, data: Float32Array, target: Float32Array, second: Float64Array): void {
  const { grid, codes } = matrix;
  const { rows, columns, blockSize, scales, tables } = grid;
  const [count, blocks] = [codesOf(grid), blocksOf(grid)];
  const values = dequantizeMatrix(matrix);
  const pull = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const at = row * columns;
    const levels = grid.levels.subarray(tables === 1 ? 0 : row * count, tables === 1 ? count : (row + 1) * count);
    pull.fill(0);
    for (let j = 0; j < columns; j++) {
      const error = values[at + j]! - target[at + j]!;
      for (let i = 0; i < columns; i++) pull[i]! += error * second[j * columns + i]!;
    }
    for (let j = 0; j < columns; j++) {
      if (data[at + j] === 0) continue;
      const scale = scales[row * blocks + (j - (j % blockSize)) / blockSize]!;
      const old = levels[codes[at + j]!]! * scale;
      const code = nearestLevel(levels, (old - pull[j]! / second[j * columns + j]!) / scale);
      const step = levels[code]! * scale - old;
      if (step === 0) continue;
      codes[at + j] = code;
      for (let i = 0; i < columns; i++) pull[i]! += step * second[j * columns + i]!;
    }
  }
}
