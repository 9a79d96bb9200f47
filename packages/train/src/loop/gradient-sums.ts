import { chooseArithmetic } from './gradient-arithmetic.js';

/** Gradients by parameter. */
export type Gradients = ReadonlyMap<string, Float32Array>;

/** Sums of the gradients of several batches, in memory of its own. */
export class GradientSums {
  readonly #sums = new Map<string, Float32Array>();
  readonly #arithmetic = chooseArithmetic();

  /** Adds `share` times the gradients, which change; `isFirst`: to nothing. */
  add(gradients: Gradients, share: number, isFirst: boolean): Gradients {
    const own = [...gradients.values()];
    if (share !== 1) this.#arithmetic.scale(own, share);
    if (!isFirst) this.#arithmetic.add([...this.#sums.values()], own);
    else for (const [name, gradient] of gradients) this.#sumOf(name, gradient.length).set(gradient);
    return this.#sums;
  }

  #sumOf(name: string, length: number): Float32Array {
    const sum = this.#sums.get(name) ?? new Float32Array(length);
    this.#sums.set(name, sum);
    return sum;
  }
}
