import type { BinaryCoder } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { STRETCH } from '../coders/logistic.js';
import { Mixer } from '../coders/mixer.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { floor } = Math;

/** What the density of the whole weighs in the estimate of a row or column, in decisions. */
const PRIOR = 20;
/** Inputs before those of the caller's contexts: the whole, the row, the column. */
const DENSITIES = 3;

/**
 * One kind of decision made all over a matrix (is it 0? is it negative?), predicted from its density in the whole, in the row and in
 * the column so far, and from contexts of the caller's; the predictions are mixed. What was not seen yet says what the whole says.
 */
export class MixedBit {
  readonly #global = new BitModels(1);
  readonly #rows: DensityCounts;
  readonly #columns: DensityCounts;
  readonly #contexts: readonly BitModels[];
  readonly #mixer: Mixer;

  /** `sizes`: how many values each of the caller's contexts takes. */
  constructor(rows: number, columns: number, sizes: readonly number[]) {
    this.#rows = new DensityCounts(rows);
    this.#columns = new DensityCounts(columns);
    this.#contexts = sizes.map((size) => new BitModels(size));
    this.#mixer = new Mixer(DENSITIES + sizes.length, 1, 0.5 / sizes.length, 0.0015);
    this.#mixer.setWeights(0, [-0.3, 0.4, 0.4]);
  }

  code(coder: BinaryCoder, row: number, column: number, contexts: Int32Array, bit: number): number {
    const { inputs } = this.#mixer;
    const p = this.#global.p1(0);
    const whole = STRETCH[p]!;
    inputs[0] = whole;
    inputs[1] = STRETCH[this.#rows.p1(row, p)]!;
    inputs[2] = STRETCH[this.#columns.p1(column, p)]!;
    for (let i = 0; i < this.#contexts.length; i++) {
      const models = this.#contexts[i]!;
      const count = models.count(contexts[i]!);
      inputs[DENSITIES + i] = whole + (STRETCH[models.p1(contexts[i]!)]! - whole) * (count / (count + 2));
    }
    const seen = this.#mixer.code(coder, 0, bit);
    this.#global.update(0, seen);
    this.#rows.update(row, seen);
    this.#columns.update(column, seen);
    for (let i = 0; i < this.#contexts.length; i++) this.#contexts[i]!.update(contexts[i]!, seen);
    return seen;
  }
}

class DensityCounts {
  readonly #seen: Uint32Array;
  readonly #ones: Uint32Array;

  constructor(size: number) {
    this.#seen = new Uint32Array(size);
    this.#ones = new Uint32Array(size);
  }

  /** Share of ones at `index`, drawn towards `prior`, in 1/65536 within [1, 65535]. */
  p1(index: number, prior: number): number {
    const p = floor((65536 * this.#ones[index]! + PRIOR * prior) / (this.#seen[index]! + PRIOR));
    return p < 1 ? 1 : p > 65535 ? 65535 : p;
  }

  update(index: number, bit: number): void {
    this.#seen[index]!++;
    this.#ones[index]! += bit;
  }
}
