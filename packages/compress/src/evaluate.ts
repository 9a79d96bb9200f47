import { createMetric, type DataSource, evaluateMetrics, type Requantization } from '@gossamer/runtime';
import { engineWarnings } from './engine-warnings.js';
import { type ModelInput, toModel } from './onnx-model.js';
import { openSession } from './open-session.js';
import type { WorkOptions } from './progress.js';

export interface EvaluateOptions extends WorkOptions {
  readonly data: DataSource;
  /** Name of a metric: top1, top5, class-error, ece, perplexity, cer, wer. */
  readonly metric: string;
  /** Default 'ort'. */
  readonly engine?: string;
  readonly threads?: number;
  /** How the sums of integer layers become codes (engines native and auto). Default 'float'. */
  readonly requantize?: Requantization;
  /** Samples in one call; default 16. */
  readonly batchSize?: number;
}

export interface Evaluation {
  readonly metric: string;
  /** Top-1 and top-5 are fractions in [0, 1]; perplexity is >= 1; CER and WER are fractions of the reference length. */
  readonly value: number;
  readonly samples: number;
  readonly seconds: number;
  /** What the metric says beyond its value, e.g. the errors of each class. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** What the engine could not run itself. */
  readonly warnings: readonly string[];
}

/** Measures a metric of a model on labelled data. */
export async function evaluate(input: ModelInput, options: EvaluateOptions): Promise<Evaluation> {
  const model = await toModel(input);
  const metrics = [createMetric(options.metric)];
  const start = performance.now();
  const session = await openSession(model, options);
  try {
    const [result] = await evaluateMetrics(session, options.data, metrics, {
      batchSize: options.batchSize ?? 16,
      ...(options.signal ? { signal: options.signal } : {}),
      onProgress: (progress) => options.onProgress?.({ ...progress, stage: 'evaluate' }),
    });
    const { metric, value, samples, details } = result!;
    const seconds = (performance.now() - start) / 1000;
    return { metric, value, samples, seconds, ...(details ? { details } : {}), warnings: engineWarnings(session) };
  } finally {
    await session.dispose();
  }
}
