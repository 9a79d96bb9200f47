import { GossamerError, Tensor } from '@gossamer/graph';
import { BatchPlan, type Dataset } from '@gossamer/train';
import type { DistillErrorCode } from '../../error-codes.js';

/** Samples read at a time to find their range. */
const PIECE = 256;

/** A few real samples, in batches of `rows`, and the range of their numbers. */
export class RealSamples {
  readonly low: number;
  readonly high: number;
  readonly #plan: BatchPlan;
  readonly #size: number;

  /** Throws ERR_DISTILL_OPTIONS where `samples` has no float32 array `input` of `shape`, or all its numbers are one. */
  constructor(
    private readonly samples: Dataset,
    private readonly input: string,
    readonly shape: readonly number[],
    readonly rows: number,
    seed: number,
  ) {
    const found = samples.arrays.get(input);
    if (found?.dtype !== 'float32' || found.shape.join() !== shape.join() || samples.length === 0) {
      const received = found ? `${samples.length} of ${found.dtype} [${found.shape.join()}]` : 'none';
      throw badSamples(`float32 [${shape.join()}] of the input ${input}`, received);
    }
    this.#plan = new BatchPlan(samples.length, rows, seed);
    this.#size = shape.reduce((a, b) => a * b, 1);
    [this.low, this.high] = this.#range();
    if (!(this.low < this.high)) throw badSamples('numbers that differ', `${this.low} everywhere`);
  }

  /** The batch of a step, [rows, ...shape]; fewer samples than rows come more than once. */
  at(step: number): Tensor {
    return Tensor.of('float32', [this.rows, ...this.shape], this.#read(this.#plan.at(step).indices));
  }

  #read(indices: Uint32Array): Float32Array {
    const data = new Float32Array(indices.length * this.#size);
    this.samples.read(indices, { [this.input]: data });
    return data;
  }

  #range(): [number, number] {
    let [low, high] = [Infinity, -Infinity];
    for (let first = 0; first < this.samples.length; first += PIECE) {
      const count = Math.min(PIECE, this.samples.length - first);
      for (const x of this.#read(Uint32Array.from({ length: count }, (_, i) => first + i))) {
        low = Math.min(low, x);
        high = Math.max(high, x);
      }
    }
    return [low, high];
  }
}

const badSamples = (expected: string, received: string): GossamerError<DistillErrorCode> =>
  new GossamerError('ERR_DISTILL_OPTIONS', `samples: expected ${expected}, received ${received}`);
