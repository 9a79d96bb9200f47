import type { DataSource, Metric } from '@gossamer/runtime';
import type { QuantizeProgress } from '../options.js';
import type { Journal } from './journal.js';

/** How a layer's share in the loss is predicted. */
export type Sensitivity = 'divergence' | 'sqnr' | 'hutchinson';

/** Limits of what a model may take: one, or both. */
export interface Budget {
  /** All constant tensors of the model, in bytes: weights with their scales, and what stays in float. Default: any. */
  readonly bytes?: number;
  /**
   * Milliseconds that a run of `batchSize` samples may take on `engine` with `threads`: the upper end of the 95 % interval of its median. Layers are timed one by one with each candidate, in
   * the form that `quantize` writes, and the chosen model as a whole. Default: any.
   */
  readonly latency?: number;
}

/** How bits are allotted. */
export interface MixedPrecisionOptions {
  /** Calibration data. */
  readonly data: DataSource;
  /** Data that choices are repaired on. Default: a quarter of `samples` more of `data`; without any, the calibration samples. */
  readonly heldOut?: DataSource;
  readonly budget: Budget;
  /**
   * What a layer may become: 'int2' to 'int8' (symmetric), 'uint2' to 'uint8' (with zero points), perhaps with a block size ('uint3/64'), or 'float32'.
   * Default: int2, int3, int4, int8.
   */
  readonly candidates?: readonly string[];
  /** Weights along the input axis that share a scale, of candidates that do not say it; 0: all of an output feature. Default 0. */
  readonly blockSize?: number;
  /** Search the clip of each scale that minimises the squared error. Default false. */
  readonly clip?: boolean;
  /**
   * 'divergence': what the outputs of the model lose with one layer quantized (KL of softmax where it has logits, else noise over signal).
   * 'sqnr': noise over signal of the layer's own result. 'hutchinson': half the mean of the diagonal of the Hessian of that divergence (HAWQ-V2's average trace) times the squared
   * error of the weights; one backward pass a batch and random vector for all layers and candidates together. Default 'divergence'.
   */
  readonly sensitivity?: Sensitivity;
  /** What repair improves, measured on `heldOut`: makes a fresh metric. Default: the divergence of the outputs. */
  readonly metric?: () => Metric;
  /** Calibration samples. Default 64. */
  readonly samples?: number;
  /** Samples a run. Default 1. */
  readonly batchSize?: number;
  /** Choices that repair measures at most. Default 64. */
  readonly repairs?: number;
  /** Layers to give bits: ids, globs or operator names. Default: all. */
  readonly include?: readonly string[];
  /** Layers to leave in float, spelled like `include`. Default: none. */
  readonly exclude?: readonly string[];
  /** Run the graph optimisations first, as `quantize` does. Default true. */
  readonly optimize?: boolean;
  /** What runs the model. Default 'ort'. */
  readonly engine?: string;
  readonly threads?: number;
  /** Measurements of an earlier call with the same model, data and options, which are not taken again. Default: none. */
  readonly journal?: Journal;
  /** Hears of each measurement when it is taken, so that it can be kept. Default: none. */
  readonly onMeasured?: (key: string, value: number) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: QuantizeProgress) => void;
}
