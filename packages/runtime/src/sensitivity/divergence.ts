import { isFloat, type Tensor } from '@gossamer/graph';
import { addDifferences, type DifferenceSums, emptySums } from '../metrics/output-difference.js';
import { logSoftmax, scoreRows } from '../metrics/score-rows.js';
import type { Outputs } from '../session/feeds.js';
import { float32View } from '../session/tensor-view.js';

/** How far the outputs of a changed model are from its own. Infinity where an output is no longer finite. */
export interface Divergence {
  /** Power of the difference over the power of the output; of several outputs the worst. */
  readonly noise: number;
  /** -10 log10(noise): Infinity without a difference. */
  readonly sqnrDb: number;
  /** Mean over all elements of all outputs. */
  readonly meanSquaredError: number;
  /** Mean over rows of KL(softmax(own) || softmax(changed)), in nats; where the model has logits. */
  readonly kl?: number;
}

/** Adds up divergence over runs. Outputs that are no floats are left out. */
export class DivergenceSums {
  readonly #sums = new Map<string, DifferenceSums>();
  #kl = 0;
  #rows = 0;

  /** `logits`: the output that softmax is taken of, along its last axis; undefined: none. */
  constructor(private readonly logits: string | undefined) {}

  add(reference: Outputs, actual: Outputs): void {
    for (const [name, expected] of Object.entries(reference)) {
      if (!isFloat(expected.dtype)) continue;
      const sums = this.#sums.get(name) ?? emptySums();
      this.#sums.set(name, sums);
      addDifferences(sums, float32View(expected), float32View(actual[name]!));
    }
    if (this.logits !== undefined) this.#addKl(reference[this.logits]!, actual[this.logits]!);
  }

  result(): Divergence {
    let [noise, error, count] = [0, 0, 0];
    for (const sums of this.#sums.values()) {
      noise = Math.max(noise, noiseOf(sums));
      error += sums.nonFinite > 0 ? Infinity : sums.squaredError;
      count += sums.count;
    }
    const kl = this.#rows > 0 ? this.#kl / this.#rows : undefined;
    return {
      noise,
      sqnrDb: noise === 0 ? Infinity : -10 * Math.log10(noise),
      meanSquaredError: count > 0 ? error / count : error,
      ...(kl === undefined ? {} : { kl: Number.isFinite(kl) ? Math.max(0, kl) : Infinity }),
    };
  }

  #addKl(reference: Tensor, actual: Tensor): void {
    const [own, changed] = [reference, actual].map((tensor) => scoreRows('kl', tensor, tensor.dims[0] ?? 0));
    const { rows, classes } = own!;
    for (let row = 0; row < rows; row++) {
      const [norm, otherNorm] = [own!, changed!].map(
        (scores) => logSoftmax(scores, row, 0) - scores.values[row * classes]!,
      );
      for (let c = 0; c < classes; c++) {
        const log = own!.values[row * classes + c]! + norm!;
        this.#kl += Math.exp(log) * (log - (changed!.values[row * classes + c]! + otherNorm!));
      }
    }
    this.#rows += rows;
  }
}

function noiseOf({ squaredError, squaredReference, nonFinite }: DifferenceSums): number {
  if (nonFinite > 0) return Infinity;
  if (squaredError === 0) return 0;
  return squaredReference > 0 ? squaredError / squaredReference : Infinity;
}
