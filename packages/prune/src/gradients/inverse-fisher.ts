/** Damping of F, as a share of the mean of its diagonal. */
export const FISHER_DAMPING = 0.01;
/** Weights of a block. Source: Kurtic et al., "The Optimal BERT Surgeon" (arXiv:2203.07259), section 3. */
export const FISHER_BLOCK = 50;

/**
 * The inverse of F = lambda I + the mean over `samples` of g gᵀ, in blocks of neighbours along a weight's matrices, by Woodbury's identity: one update for each gradient of one sample, `length` times
 * `FISHER_BLOCK` multiply-adds. In float64, 8 `FISHER_BLOCK` bytes a weight.
 *
 * Source: Singh and Alistarh, "WoodFisher" (arXiv:2004.14340), equation 8.
 */
export class InverseFisher {
  /** Block b: [size, size] from b FISHER_BLOCK² on, its upper triangle. */
  readonly #inverse: Float64Array;
  readonly #product = new Float64Array(FISHER_BLOCK);

  constructor(
    readonly length: number,
    lambda: number,
    private readonly samples: number,
  ) {
    this.#inverse = new Float64Array(Math.ceil(length / FISHER_BLOCK) * FISHER_BLOCK ** 2);
    for (let i = 0; i < length; i++) this.#inverse[this.#at(i, i)] = 1 / lambda;
  }

  /** Takes the gradient of one more sample up. */
  add(gradient: Float32Array): void {
    const [inverse, u] = [this.#inverse, this.#product];
    for (let first = 0; first < this.length; first += FISHER_BLOCK) {
      const size = Math.min(FISHER_BLOCK, this.length - first);
      const base = first * FISHER_BLOCK;
      u.fill(0);
      let power = 0;
      for (let i = 0; i < size; i++) {
        const g = gradient[first + i]!;
        if (g === 0) continue;
        power += g * g;
        for (let j = 0; j < i; j++) u[j]! += g * inverse[base + j * FISHER_BLOCK + i]!;
        for (let j = i; j < size; j++) u[j]! += g * inverse[base + i * FISHER_BLOCK + j]!;
      }
      if (power === 0) continue;
      let divisor = this.samples;
      for (let i = 0; i < size; i++) divisor += gradient[first + i]! * u[i]!;
      for (let i = 0; i < size; i++) {
        const factor = u[i]! / divisor;
        const row = base + i * FISHER_BLOCK;
        for (let j = i; j < size; j++) inverse[row + j]! -= factor * u[j]!;
      }
    }
  }

  diagonal(): Float64Array {
    return Float64Array.from({ length: this.length }, (_, i) => this.#inverse[this.#at(i, i)]!);
  }

  /** Element (i, j) of two weights of one block. */
  between(i: number, j: number): number {
    return this.#inverse[i < j ? this.#at(i, j) : this.#at(j, i)]!;
  }

  #at(i: number, j: number): number {
    return i * FISHER_BLOCK + (j % FISHER_BLOCK);
  }
}
