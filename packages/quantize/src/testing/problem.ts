import { philox4x32 } from '@gossamer/runtime';
import type { WeightProblem } from '../algorithms/weight-algorithm.js';
import type { AffineGrid } from '../grid/weight-grid.js';

/** Numbers that look normal (sums of uniform ones, mean 0, variance 1), the same for the same seed. */
export function normalLike(length: number, seed: number): Float32Array {
  const words = new Uint32Array(4);
  return Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let part = 0; part < 3; part++) {
      philox4x32(words, i, part, 0, 0, seed, 0);
      sum += words.reduce((total, word) => total + word / 2 ** 32 - 0.5, 0);
    }
    return sum;
  });
}

/** Mean of x yᵀ, [columns, columns], over samples [samples, columns]. */
export function meanProduct(x: Float32Array, y: Float32Array, columns: number): Float64Array {
  const samples = x.length / columns;
  const mean = new Float64Array(columns ** 2);
  for (let s = 0; s < samples; s++) {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) {
        mean[i * columns + j]! += (x[s * columns + i]! * y[s * columns + j]!) / samples;
      }
    }
  }
  return mean;
}

/** Samples of correlated inputs of unequal size. */
export function correlatedInputs(samples: number, columns: number, seed: number): Float32Array {
  const noise = normalLike(samples * columns, seed);
  const shared = normalLike(samples, seed + 1);
  return noise.map((value, i) => {
    const column = i % columns;
    return (0.5 + column / columns) * (0.6 * value + shared[Math.floor(i / columns)]! + 0.3 * (noise[i - 1] ?? 0));
  });
}

/** A problem of normal weights with a clip search over whole rows in blocks: unsigned codes of `bits`, the zero point a code. */
export function weightProblem(
  rows: number,
  columns: number,
  bits: number,
  changes: Partial<WeightProblem> = {},
): WeightProblem {
  return {
    ...{ layer: 'layer', rows, columns, data: normalLike(rows * columns, 7), seed: 0 },
    fit: (data, importance) => fitClips(data, rows, columns, bits, importance),
    ...changes,
  };
}

function fitClips(
  data: Float32Array,
  rows: number,
  columns: number,
  bits: number,
  importance?: ArrayLike<number>,
): AffineGrid {
  const quantMax = 2 ** bits - 1;
  const [scales, zeroPoints] = [new Float32Array(rows), new Float32Array(rows)];
  for (let row = 0; row < rows; row++) {
    const part = data.subarray(row * columns, (row + 1) * columns);
    const [low, high] = [Math.min(0, ...part), Math.max(0, ...part)];
    let least = Infinity;
    for (let clip = 0.5; clip <= 1; clip += 0.05) {
      const scale = Math.fround((clip * (high - low)) / quantMax);
      const zero = Math.round((-clip * low) / scale);
      const error = part.reduce((sum, weight, j) => {
        const code = Math.min(quantMax, Math.max(0, Math.round(weight / scale + zero)));
        return sum + (importance?.[j] ?? 1) * ((code - zero) * scale - weight) ** 2;
      }, 0);
      if (error < least) [least, scales[row], zeroPoints[row]] = [error, scale, zero];
    }
  }
  return { kind: 'affine', rows, columns, blockSize: columns, quantMin: 0, quantMax, scales, zeroPoints };
}
