import type { DType, Tensor, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';

/** What a loss is written from. */
export interface LossContext {
  readonly g: Emitter;
  /** Samples of a batch. */
  readonly batch: number;
  /** Weight of each sample, float32 [batch]: 1, or 0 for samples that fill up the last batch. */
  readonly sampleWeights: Value;
  /** Names of the model's outputs. */
  readonly outputs: readonly string[];
  /** An output of the model; default: the first. */
  output(name?: string): Value;
  /** Any value of the training form, by the name it has in the file. Throws ERR_TRAIN_OPTIONS where there is none. */
  value(name: string): Value;
  /**
   * An array of the batch beside the model's inputs (`labels`, `targets`, a teacher's logits): an input that the data have to feed. `below`: its
   * integers lie in [0, below); data that hold others are refused.
   */
  input(name: string, dtype: DType, shape: readonly number[], below?: number): Value;
  /** An array that is trained with the model and is no part of it (a regressor between student and teacher), as it begins. */
  parameter(name: string, initial: Tensor): Value;
}

/** A number that training makes small. One file each. */
export interface Loss {
  /** Name in logs and of the output `loss/<name>`. */
  readonly name: string;
  /** Emits the loss: a scalar of float32, a mean over the samples weighted by `sampleWeights`. */
  build(context: LossContext): Value;
}

/** A loss, and its share in the sum. */
export interface LossTerm {
  readonly loss: Loss;
  /** Default 1. */
  readonly weight?: number;
}
