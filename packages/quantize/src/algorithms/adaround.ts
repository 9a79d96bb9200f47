import { Tensor } from '@gossamer/graph';
import { optimizerStep } from '@gossamer/kernels';
import { float32View, Session } from '@gossamer/runtime';
import { type Neighbours, neighboursOn, openWeights, roundedBy } from '../grid/neighbours.js';
import { dequantizeMatrix, type QuantizedMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { flipCodes } from './flip-codes.js';
import { requireMoments } from './require-moments.js';
import { roundingGradient } from './rounding-gradient.js';
import { betaAt, rectifiedSigmoid, ROUNDING_OPTIMIZER, ROUNDING_STRENGTH, variableOf } from './rounding-variable.js';
import type { WeightAlgorithm, WeightProblem } from './weight-algorithm.js';

const ITERATIONS = 1000;
/** Weights whose rounding is learned at a time: five arrays of so many floats. */
const BLOCK = 2 ** 20;

/**
 * AdaRound on moments: which neighbour on the grid each weight takes is learned by gradient descent on the layer's mean squared output error,
 * trace(E M Eᵀ); where `cross` = C, the mean of x_float xᵀ, is known, its targets are those of the float model: + 2 trace(W (M - C) Eᵀ). With the
 * moments every iteration sees all samples: one product of [rows, columns] and [columns, columns], and no randomness. A row whose error is not smaller
 * than that of round to nearest on the same grid is rounded to nearest. Last, weights take their other neighbour one by one while that helps: no
 * single change makes a row better.
 *
 * Source: Nagel et al., "Up or Down? Adaptive Rounding for Post-Training Quantization", ICML 2020 (arXiv:2004.10568), equations 21 to 24; the loss
 * of a row counts in units of its error when rounded to nearest.
 */
export const adaround: WeightAlgorithm = {
  name: 'adaround',
  needs: 'moments',
  followsFloat: true,
  async solve(problem) {
    const { rows, columns, data, fit } = problem;
    const second = requireMoments(problem, 'adaround');
    const drift = driftOf(problem, second);
    const grid = fit(data);
    const sides = neighboursOn(data, grid);
    const nearest = roundToGrid(data, grid);
    const before = rowErrors(nearest, data, second, drift);
    const scales = drift ? rowErrors(nearest, data, second) : before;
    const share = new Float32Array(data.length);
    const step = Math.max(1, Math.floor(BLOCK / columns));
    for (let first = 0; first < rows; first += step) {
      const end = Math.min(rows, first + step);
      share.set(await learn(problem, { sides, second, drift, scales }, first, end), first * columns);
    }
    const learned = roundedBy(sides, share);
    const after = rowErrors(learned, data, second, drift);
    for (let row = 0; row < rows; row++) {
      const [first, end] = [row * columns, (row + 1) * columns];
      if (!(after[row]! < before[row]!)) learned.codes.set(nearest.codes.subarray(first, end), first);
    }
    const values = dequantizeMatrix(learned);
    for (let row = 0; row < rows; row++) {
      const [first, end] = [row * columns, (row + 1) * columns];
      const error = Float64Array.from(values.subarray(first, end), (value, j) => value - data[first + j]!);
      flipCodes(row, error, learned.codes.subarray(first, end), sides, { second, drift });
    }
    return learned;
  },
};

interface Judged {
  readonly sides: Neighbours;
  readonly second: Float64Array;
  readonly drift: Float32Array | undefined;
  /** e M eᵀ of each row rounded to nearest. */
  readonly scales: Float64Array;
}

/** h of rows [first, end). */
async function learn(
  { columns, data, signal }: WeightProblem,
  { sides, second, drift, scales }: Judged,
  first: number,
  end: number,
): Promise<Float32Array> {
  const [from, to] = [first * columns, end * columns];
  const gap = sides.gap.subarray(from, to);
  const rows = end - first;
  const model = roundingGradient({
    ...{ rows, columns, gap, second: Float32Array.from(second) },
    offset: sides.lower.subarray(from, to).map((lower, i) => lower - data[from + i]!),
    drift: drift?.subarray(from, to),
    factor: Float32Array.from({ length: rows }, (_, row) => {
      const open = openWeights(gap.subarray(row * columns, (row + 1) * columns));
      const scale = scales[first + row]!;
      return scale > 0 ? (2 * open) / scale : 0;
    }),
  });
  const weight = sides.fraction.subarray(from, to).map(variableOf);
  const slots = [new Float32Array(weight.length), new Float32Array(weight.length)];
  const variable = Tensor.of('float32', [rows, columns], weight);
  const session = await Session.open(model, { engine: 'native', ...(signal ? { signal } : {}) });
  try {
    for (let step = 0; step < ITERATIONS; step++) {
      signal?.throwIfAborted();
      const beta = betaAt(step, ITERATIONS);
      const { gradient } = await session.run({
        variable,
        beta: scalar(beta ?? 2),
        strength: scalar(beta === undefined ? 0 : ROUNDING_STRENGTH),
      });
      optimizerStep('adam', [{ weight, gradient: float32View(gradient!), slots }], adamStep(step + 1));
    }
  } finally {
    await session.dispose();
  }
  return weight.map(rectifiedSigmoid);
}

const scalar = (value: number): Tensor => Tensor.of('float32', [], Float32Array.of(value));

function adamStep(step: number): Parameters<typeof optimizerStep>[2] {
  const { learningRate, beta1, beta2, epsilon } = ROUNDING_OPTIMIZER;
  return {
    ...{ gradientFactor: 1, l2: 0, shrink: 1, threshold: 0, epsilon },
    ...{ step: learningRate / (1 - beta1 ** step), rootFactor: 1 / Math.sqrt(1 - beta2 ** step) },
    ...{ firstKeep: beta1, firstTake: 1 - beta1, secondKeep: beta2, secondTake: 1 - beta2 },
  };
}

/** W (M - C), [rows, columns]. */
function driftOf({ rows, columns, data, cross }: WeightProblem, second: Float64Array): Float32Array | undefined {
  if (!cross) return undefined;
  const difference = second.map((value, i) => value - cross[i]!);
  const drift = new Float32Array(data.length);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let k = 0; k < columns; k++) {
      const weight = data[row * columns + k]!;
      for (let j = 0; j < columns; j++) sums[j]! += weight * difference[k * columns + j]!;
    }
    drift.set(sums, row * columns);
  }
  return drift;
}

/** e M eᵀ + 2 e dᵀ of each row. O(rows columns²). */
function rowErrors(
  quantized: QuantizedMatrix,
  data: Float32Array,
  second: Float64Array,
  drift?: Float32Array,
): Float64Array {
  const { rows, columns } = quantized.grid;
  const values = dequantizeMatrix(quantized);
  const error = new Float64Array(columns);
  return Float64Array.from({ length: rows }, (_, row) => {
    const at = row * columns;
    for (let j = 0; j < columns; j++) error[j] = values[at + j]! - data[at + j]!;
    let total = 0;
    for (let i = 0; i < columns; i++) {
      if (error[i] === 0) continue;
      let sum = 2 * (drift?.[at + i] ?? 0);
      for (let j = 0; j < columns; j++) sum += second[i * columns + j]! * error[j]!;
      total += error[i]! * sum;
    }
    return total;
  });
}
