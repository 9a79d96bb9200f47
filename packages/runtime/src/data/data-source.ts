import type { Tensor } from '@gossamer/graph';
import type { Feeds } from '../session/feeds.js';
import type { PortSpec } from '../session/port-spec.js';

/** Samples that are fed together. */
export interface Batch {
  /** By input name; the first axis is the batch where the model has one. */
  readonly feeds: Feeds;
  /** Class of each sample (or of each position), first axis = samples. */
  readonly labels?: Tensor;
  /** What the outputs should be (token ids, transcripts, values), first axis = samples. */
  readonly targets?: Tensor;
  /** Samples that count. */
  readonly count: number;
  /** Samples fed, where the last batch of a model with a fixed batch had to be filled up: more than `count`. Default: `count`. */
  readonly rows?: number;
  /** Sequences for recurrent models: what to feed at each step, besides `feeds`. */
  readonly steps?: readonly Feeds[];
}

export interface BatchOptions {
  /** What the model expects; takes precedence over what was given to openData. */
  readonly inputs?: readonly PortSpec[];
  /** Samples a batch. A model with a fixed batch overrides it. Default 1. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  /** The feeds of a batch are not used once the next is asked for, so their memory may be written again. Default false. */
  readonly transient?: boolean;
  /** At most this many samples (besides the limit given to openData). */
  readonly limit?: number;
}

/** Samples to calibrate, evaluate or time a model with. Each call of `batches` starts over. */
export interface DataSource {
  /** One line for people: where the samples come from, how many, what was done to them. */
  readonly description: string;
  /** Samples, where known. */
  readonly length: number | undefined;
  /** True for random data: good for latency, says nothing about quality. */
  readonly latencyOnly: boolean;
  readonly hasLabels: boolean;
  readonly hasTargets: boolean;
  batches(options?: BatchOptions): AsyncIterable<Batch>;
  /** SHA-256 over everything that decides the samples. */
  digest(): Promise<string>;
}

/** Options of openData. */
export interface OpenDataOptions {
  /** What the model expects; may be given later, to `batches`. */
  readonly inputs?: readonly PortSpec[];
  /** images: how pictures become tensors, or the path of a JSON file that says it. Default: resized to the input, scaled to 0..1 (bytes as they are). */
  readonly preprocess?: unknown;
  /** random: same seed, same samples. Default 0. */
  readonly seed?: number;
  /** At most this many samples. Default: all. */
  readonly limit?: number;
  /** random: sizes of symbolic dimensions, e.g. `{ sequence: 128 }`. */
  readonly bindings?: Readonly<Record<string, number>>;
  /** random: size of open dimensions that `bindings` does not name. Default 64 for pixels (4-D inputs), else 16. */
  readonly openSize?: number;
  /** random: integers are in [0, maximum). Default: the size of the table they index, else 2. */
  readonly maximum?: number;
  /** npz, arrays: samples are sequences, [samples, time, ...input without its batch axis]. Default false. */
  readonly sequence?: boolean;
}
