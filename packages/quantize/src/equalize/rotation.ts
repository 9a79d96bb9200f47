import { type Hadamard, hadamard, multiplyHadamard } from '@gossamer/kernels';
import { philox4x32 } from '@gossamer/runtime';

/**
 * A randomised Hadamard rotation Q = H D R / sqrt(n) that keeps the mean of a row: H is a Hadamard matrix whose first column is 1, D random
 * signs but +1 first, and R the reflection that exchanges the first axis with the diagonal. Q 1 = 1, so LayerNormalization commutes with Q as
 * RMSNorm does with every rotation, and stays in the model; entries stay within O(1 / n) of ±1 / sqrt(n), but for the first column.
 */
export class Rotation {
  readonly #hadamard: Hadamard;
  readonly #signs: Float64Array;

  private constructor(
    readonly size: number,
    matrix: Hadamard,
    seed: number,
  ) {
    this.#hadamard = matrix;
    this.#signs = Float64Array.from({ length: size }, (_, i) => (i === 0 || coin(seed, i) ? 1 : -1));
  }

  /** The rotation of rows of `size` numbers; undefined where there is no Hadamard matrix of that order. */
  static of(size: number, seed: number): Rotation | undefined {
    const matrix = hadamard(size);
    return matrix && new Rotation(size, matrix, seed);
  }

  /** x Q in place. O(n log n) for powers of two. */
  apply(x: Float64Array): void {
    multiplyHadamard(x, this.#hadamard);
    const root = Math.sqrt(this.size);
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      x[i]! *= this.#signs[i]! / root;
      total += x[i]!;
    }
    // x - 2 (x·v) v with v = (e - d) / |e - d|, e the first axis, d = 1 / sqrt(n) everywhere, |e - d|² = 2 - 2 / sqrt(n).
    if (this.size === 1) return;
    const amount = (x[0]! - total / root) / (1 - 1 / root);
    for (let i = 0; i < x.length; i++) x[i]! += amount / root;
    x[0]! -= amount;
  }

  /** Rotates every row of [rows, size], in place. */
  applyRows(data: Float64Array): void {
    for (let first = 0; first < data.length; first += this.size) this.apply(data.subarray(first, first + this.size));
  }
}

function coin(seed: number, index: number): boolean {
  const words = new Uint32Array(4);
  philox4x32(words, index, 0, 0, 0, seed, 0);
  return (words[0]! & 1) === 1;
}
