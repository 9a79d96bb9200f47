import { permutation, streamOf } from './counter-random.js';

/** The samples of one step. */
export interface PlannedBatch {
  readonly epoch: number;
  /** One index a row; rows from `count` on fill the batch up and weigh 0. */
  readonly indices: Uint32Array;
  readonly count: number;
}

const SHUFFLE = streamOf('shuffle');

/** Which samples each step sees: every epoch another seeded permutation, its last batch filled up. A pure function of the step. */
export class BatchPlan {
  /** Steps of an epoch. */
  readonly stepsPerEpoch: number;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array();

  constructor(
    private readonly length: number,
    private readonly batch: number,
    private readonly seed: number,
    private readonly shuffle = true,
  ) {
    this.stepsPerEpoch = Math.ceil(length / batch);
  }

  at(step: number): PlannedBatch {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#order = this.shuffle
        ? permutation(this.length, this.seed, SHUFFLE, epoch)
        : Uint32Array.from({ length: this.length }, (_, i) => i);
      this.#epoch = epoch;
    }
    const first = (step % this.stepsPerEpoch) * this.batch;
    const count = Math.min(this.batch, this.length - first);
    const indices = Uint32Array.from(
      { length: this.batch },
      (_, r) => this.#order[r < count ? first + r : r % this.length]!,
    );
    return { epoch, indices, count };
  }
}
