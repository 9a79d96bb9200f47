import type { BinaryCoder } from './binary-coder.js';
import { squash } from './logistic.js';

/**
 * Mixes predictions of a bit in the logistic domain: squash(sum of weight x input), the weights trained online on the coding cost.
 *
 * Source: Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005 (PAQ6/7). In doubles, with +, * alone.
 */
export class Mixer {
  /** Inputs of the next prediction, in the units of STRETCH; the caller fills them. */
  readonly inputs: Float64Array;
  readonly #weights: Float64Array;
  readonly #rates: Float64Array;
  readonly #slowest: number;

  /** `sets`: how many sets of weights to choose from; all begin at `weight`. `rate`: where the falling learning rate ends. */
  constructor(inputs: number, sets: number, weight: number, rate: number) {
    this.inputs = new Float64Array(inputs);
    this.#weights = new Float64Array(inputs * sets).fill(weight);
    this.#rates = new Float64Array(sets).fill(10 * rate);
    this.#slowest = rate;
  }

  /** Another one that has learned the same. */
  clone(): Mixer {
    const copy = new Mixer(this.inputs.length, this.#rates.length, 0, this.#slowest);
    copy.#weights.set(this.#weights);
    copy.#rates.set(this.#rates);
    return copy;
  }

  /** Begins the first weights of `set` with others. */
  setWeights(set: number, weights: readonly number[]): void {
    this.#weights.set(weights, set * this.inputs.length);
  }

  /** Codes `bit` by the weights of `set`, and learns. */
  code(coder: BinaryCoder, set: number, bit: number): number {
    const { inputs } = this;
    const weights = this.#weights;
    const base = set * inputs.length;
    let sum = 0;
    for (let i = 0; i < inputs.length; i++) sum += inputs[i]! * weights[base + i]!;
    const p = squash(sum);
    const seen = coder.code(p, bit);
    const rate = this.#rates[set]!;
    const step = (rate * ((seen === 1 ? 65536 : 0) - p)) / 65536;
    for (let i = 0; i < inputs.length; i++) weights[base + i] = weights[base + i]! + step * inputs[i]!;
    if (rate > this.#slowest) this.#rates[set] = rate * 0.99;
    return seen;
  }
}
