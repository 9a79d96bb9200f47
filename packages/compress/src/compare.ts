import { GossamerError } from '@gossamer/graph';
import {
  compareLatency,
  createMetric,
  type DataSource,
  detectState,
  evaluateMetrics,
  type Feeds,
  type MetricResult,
  type Session,
} from '@gossamer/runtime';
import { type ModelInput, type OnnxModel, toModel } from './onnx-model.js';
import { fileBytes } from './file-bytes.js';
import { engineWarnings } from './engine-warnings.js';
import { openSession } from './open-session.js';
import type { WorkOptions } from './progress.js';
import { type Bytes, bytesOf } from './bytes.js';

export interface CompareOptions extends WorkOptions {
  readonly data: DataSource;
  /** Default 'ort'. */
  readonly engine?: string;
  readonly threads?: number;
  /** Samples in one call; default 16. */
  readonly batchSize?: number;
  /** Interleaved pairs of runs for the latency ratio; default 30. */
  readonly pairs?: number;
  /** A metric of the second model on labelled data, measured in the same pass: top1, perplexity, ... Default: none. */
  readonly metric?: string;
}

/** Two models side by side: the first is the reference. */
export interface Comparison {
  /** Share of samples whose first output has the same argmax. */
  readonly agreement: number;
  /** Signal-to-noise ratio of the outputs in dB; Infinity when they are equal. */
  readonly sqnrDb: number;
  readonly cosine: number;
  readonly maxAbsError: number;
  readonly samples: number;
  /** What `metric` asked for. */
  readonly quality?: MetricResult;
  readonly bytes: Bytes;
  /** Medians in ms of interleaved runs on one sample; speedup is the median of the paired ratios with its 95 % interval. */
  readonly latencyMs: {
    readonly before: number;
    readonly after: number;
    readonly speedup: number;
    readonly low: number;
    readonly high: number;
  };
  /** What the engine could not run itself. */
  readonly warnings: readonly string[];
}

const METRICS = ['agreement', 'sqnr', 'cosine', 'max-abs-error'] as const;

/** Compares outputs, size and latency of two models with equal inputs. */
export async function compare(before: ModelInput, after: ModelInput, options: CompareOptions): Promise<Comparison> {
  const [a, b] = [await toModel(before), await toModel(after)];
  const bytes = bytesOf(sizeOf(a), sizeOf(b));
  const names = [...METRICS, ...(options.metric === undefined ? [] : [options.metric])];
  const metrics = names.map((name) => createMetric(name));
  const reference = await openSession(a, options);
  let session: Session | undefined;
  try {
    session = await openSession(b, options);
    const results = await evaluateMetrics(session, options.data, metrics, {
      batchSize: options.batchSize ?? 16,
      reference,
      state: detectState(a.ir),
      ...(options.signal ? { signal: options.signal } : {}),
      onProgress: (progress) => options.onProgress?.({ ...progress, stage: 'compare' }),
    });
    const feeds = await firstFeeds(options.data, reference);
    options.onProgress?.({ stage: 'latency', done: 0, total: 1 });
    const latency = await compareLatency(reference, session, feeds, feeds, {
      pairs: options.pairs ?? 30,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    return {
      agreement: valueOf(results, 'agreement'),
      sqnrDb: valueOf(results, 'sqnr'),
      cosine: valueOf(results, 'cosine'),
      maxAbsError: valueOf(results, 'max-abs-error'),
      samples: results[0]!.samples,
      ...(options.metric === undefined ? {} : { quality: results.at(-1)! }),
      bytes,
      latencyMs: {
        before: latency.a.median,
        after: latency.b.median,
        speedup: latency.speedup,
        low: latency.low,
        high: latency.high,
      },
      warnings: [...new Set([...engineWarnings(reference), ...engineWarnings(session)])],
    };
  } finally {
    await reference.dispose();
    await session?.dispose();
  }
}

function valueOf(results: readonly MetricResult[], name: string): number {
  return results.find((result) => result.metric === name)!.value;
}

function sizeOf(model: OnnxModel): number {
  const bytes = fileBytes(model);
  if (bytes !== undefined) return bytes;
  throw new GossamerError(
    'ERR_OPTION',
    `compare: expected models in files, received one in memory (${model.ir.graph.name})`,
  );
}

/** The first sample, for latency. */
export async function firstFeeds(data: DataSource, session: Session): Promise<Feeds> {
  for await (const batch of data.batches({ inputs: session.inputs, batchSize: 1, limit: 1 })) {
    return { ...batch.feeds, ...batch.steps?.[0] };
  }
  throw new GossamerError('ERR_OPTION', `data: expected at least one sample, received none (${data.description})`);
}
