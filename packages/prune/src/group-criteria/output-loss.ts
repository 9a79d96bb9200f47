import type { Tensor } from '@gossamer/graph';
import { DivergenceSums, float32View, type Outputs } from '@gossamer/runtime';
import { badOption } from '../bad-option.js';

/** Outputs of the whole model for some samples, and their classes where the data say them. */
export interface ReferenceRun {
  readonly outputs: Outputs;
  readonly labels: Tensor | undefined;
}

/**
 * Mean loss of runs: cross-entropy of the first output where there are labels (one a row), else how far the outputs are from the whole model's: KL
 * of `logits` in nats where the model has any, else noise to signal.
 */
export class OutputLoss {
  readonly #divergence: DivergenceSums;
  readonly #logits: string | undefined;
  #crossEntropy = 0;
  #rows = 0;

  constructor(logits: string | undefined) {
    this.#logits = logits;
    this.#divergence = new DivergenceSums(logits);
  }

  add({ outputs: whole, labels }: ReferenceRun, outputs: Outputs): void {
    if (!labels) return this.#divergence.add(whole, outputs);
    const scores = float32View(outputs[this.#logits ?? Object.keys(outputs)[0]!]!);
    const classes = scores.length / labels.length;
    if (!Number.isInteger(classes))
      badOption('data', 'a label for each row of scores', `${labels.length} labels`, 'ERR_PRUNE_DATA');
    labels.toFloat64().forEach((label, row) => {
      const own = scores.subarray(row * classes, (row + 1) * classes);
      if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
        badOption('data', `labels in [0, ${classes})`, label, 'ERR_PRUNE_DATA');
      }
      const largest = own.reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = own.reduce((total, score) => total + Math.exp(score - largest), 0);
      this.#crossEntropy += largest + Math.log(sum) - own[label]!;
    });
    this.#rows += labels.length;
  }

  mean(): number {
    if (this.#rows > 0) return this.#crossEntropy / this.#rows;
    const { kl, noise } = this.#divergence.result();
    return kl ?? noise;
  }
}
