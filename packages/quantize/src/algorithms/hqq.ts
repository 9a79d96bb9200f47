import { roundHalfEven } from '@gossamer/graph';
import { roundToGrid } from '../grid/quantized-matrix.js';
import { type AffineGrid, blocksOf } from '../grid/weight-grid.js';
import type { WeightAlgorithm, WeightProblem } from './weight-algorithm.js';

/** The norm, the weight of the quadratic term as it begins, its growth, and how many rounds at most: the paper's. */
const OPTIONS = { power: 0.7, beta: 10, growth: 1.01, rounds: 20 };
/** |x|^(p - 1) has a pole at 0. */
const TINY = 1e-8;

/**
 * Half-quadratic quantization: the zero point of each block that makes sum |W - s (q - z)|^0.7 small, scales as they are fitted; no data. Zero points are real
 * numbers, for a form that stores them as floats; whole ones where weights have to stay 0. A block keeps its fitted zero point where that sum is not smaller. A grid of levels is rounded
 * to nearest.
 *
 * Source: Badri and Shaji, "Half-Quadratic Quantization of Large Machine Learning Models", 2023 (the solver's two steps and its defaults).
 */
export const hqq: WeightAlgorithm = {
  name: 'hqq',
  needs: 'nothing',
  solve: (problem) => Promise.resolve(halfQuadratic(problem, problem.kept ? wholeZero : (zero) => zero)),
};

/** `hqq` with zero points that are codes: rounded to whole numbers, and kept where the sum is still smaller. */
export const hqqInteger: WeightAlgorithm = {
  name: 'hqq-integer',
  needs: 'nothing',
  solve: (problem) => Promise.resolve(halfQuadratic(problem, wholeZero)),
};

const wholeZero = (zero: number, { quantMin, quantMax }: AffineGrid): number =>
  Math.min(quantMax, Math.max(quantMin, roundHalfEven(zero)));

function halfQuadratic(
  { data, fit, signal }: WeightProblem,
  storable: (zero: number, grid: AffineGrid) => number,
): ReturnType<typeof roundToGrid> {
  const grid = fit(data);
  if (grid.kind !== 'affine') return roundToGrid(data, grid);
  const { rows, columns, blockSize } = grid;
  const zeroPoints = grid.zeroPoints.slice();
  const blocks = blocksOf(grid);
  for (let row = 0; row < rows; row++) {
    signal?.throwIfAborted();
    for (let b = 0; b < blocks; b++) {
      const [first, end] = [row * columns + b * blockSize, row * columns + Math.min(columns, (b + 1) * blockSize)];
      const block = new Block(data.subarray(first, end), grid, row * blocks + b);
      const zero = Math.fround(storable(block.solve(), grid));
      if (block.error(zero) < block.error(zeroPoints[row * blocks + b]!)) zeroPoints[row * blocks + b] = zero;
    }
  }
  return roundToGrid(data, { ...grid, zeroPoints });
}

/** Weights that share a scale and a zero point. */
class Block {
  readonly #scale: number;
  readonly #first: number;

  constructor(
    private readonly weights: Float32Array,
    private readonly grid: AffineGrid,
    index: number,
  ) {
    this.#scale = grid.scales[index]!;
    this.#first = grid.zeroPoints[index]!;
  }

  #code(weight: number, zero: number): number {
    const { quantMin, quantMax } = this.grid;
    return Math.min(quantMax, Math.max(quantMin, roundHalfEven(weight / this.#scale + zero)));
  }

  /** sum |W - s (q - z)|^p. */
  error(zero: number): number {
    let sum = 0;
    for (const weight of this.weights) {
      sum += Math.abs(weight - this.#scale * (this.#code(weight, zero) - zero)) ** OPTIONS.power;
    }
    return sum;
  }

  /** The best zero point of the rounds, which end as soon as the mean absolute error rises. */
  solve(): number {
    let [zero, best, least, beta] = [this.#first, this.#first, Infinity, OPTIONS.beta];
    for (let round = 0; round < OPTIONS.rounds; round++, beta *= OPTIONS.growth) {
      const { next, absolute } = this.#round(zero, beta);
      if (absolute >= least) break;
      [least, best, zero] = [absolute, zero, next];
    }
    return best;
  }

  /** W_e = shrink(W - W_r, beta), z = mean(q - (W - W_e) / s); and the error of `zero`. */
  #round(zero: number, beta: number): { next: number; absolute: number } {
    let [sum, absolute] = [0, 0];
    for (const weight of this.weights) {
      const code = this.#code(weight, zero);
      const rest = weight - this.#scale * (code - zero);
      const size = Math.abs(rest);
      const shrunk = Math.sign(rest) * Math.max(0, size - Math.max(size, TINY) ** (OPTIONS.power - 1) / beta);
      sum += code - (weight - shrunk) / this.#scale;
      absolute += size;
    }
    return { next: sum / this.weights.length, absolute };
  }
}
