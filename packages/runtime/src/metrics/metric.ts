import { GossamerError, type Tensor } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Outputs } from '../session/feeds.js';

/** What a metric sees of a batch besides the outputs. */
export interface MetricBatch {
  /** Samples that count. */
  readonly count: number;
  /** Samples fed, where that was more. Default: `count`. */
  readonly rows?: number;
  readonly labels?: Tensor;
  readonly targets?: Tensor;
  /** Outputs of the reference model for the same feeds. */
  readonly reference?: Readonly<Outputs>;
}

export interface MetricResult {
  readonly metric: string;
  readonly value: number;
  /** Samples (or positions, where outputs have several a sample) behind the value. */
  readonly samples: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A quality measure that is fed batch by batch and keeps sums only. The result does not depend on how samples were batched. */
export interface Metric {
  readonly name: string;
  readonly better: 'higher' | 'lower';
  /** What `update` needs besides the outputs. */
  readonly needs: 'labels' | 'targets' | 'reference';
  update(outputs: Readonly<Outputs>, batch: MetricBatch): void;
  result(): MetricResult;
}

export interface MetricOptions {
  /** Output to measure. Default: the first (sqnr, cosine, max-abs-error: every floating one). */
  readonly output?: string;
  /** agreement: the decision of outputs with a single class. Default 0.5. */
  readonly threshold?: number;
  /** ece: equal-width bins. Default 15. */
  readonly bins?: number;
  /** perplexity: targets that do not count. Default -100. */
  readonly ignoreIndex?: number;
  /** cer, wer: class of the blank. Default 0. */
  readonly blank?: number | 'last';
  /** cer, wer: text of each class (the blank's is not used). Needed when targets are text, and for wer. */
  readonly alphabet?: readonly string[];
  /** cer, wer: order of the output's axes; N samples, T frames, C classes. Default NTC. */
  readonly layout?: 'NTC' | 'TNC';
}

/** A mistake in what a metric was given. */
export function metricInputError(metric: string, expected: string, received: string): GossamerError<RuntimeErrorCode> {
  return new GossamerError('ERR_METRIC_INPUT', `${metric}: expected ${expected}, received ${received}`);
}

/** The output to measure: the named one, else the first. */
export function pickOutput(metric: string, outputs: Readonly<Outputs>, name: string | undefined): Tensor {
  const chosen = name === undefined ? Object.values(outputs)[0] : outputs[name];
  if (chosen) return chosen;
  throw metricInputError(metric, `output ${name ?? '(any)'}`, Object.keys(outputs).join(', ') || 'none');
}

/** A part of the batch that the metric needs. */
export function required(metric: string, what: 'labels' | 'targets', batch: MetricBatch): Tensor {
  const tensor = batch[what];
  if (tensor) return tensor;
  throw metricInputError(metric, `data with ${what}`, 'data without');
}
