import type { Tensor } from '@gossamer/graph';
import type { Batch, DataSource } from '../data/data-source.js';
import { frameAt } from '../data/row-tensors.js';
import type { StateFeed } from '../session/detect-state.js';
import type { Feeds, Outputs } from '../session/feeds.js';
import type { Session } from '../session/session.js';
import type { Metric, MetricBatch, MetricResult } from './metric.js';

export interface EvaluateMetricsOptions {
  /** Samples a run. Default 1. */
  readonly batchSize?: number;
  /** The model whose outputs agreement, sqnr, cosine and max-abs-error compare with; fed the same samples. */
  readonly reference?: Session;
  /** State carried over the steps of a sequence. Default: the sessions' own. */
  readonly state?: readonly StateFeed[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { stage: 'evaluate'; done: number; total: number | undefined }) => void;
}

/** Runs a model over data once and feeds every metric. Sequences run step by step; labels [samples, steps] belong to steps. */
export async function evaluateMetrics(
  session: Session,
  data: DataSource,
  metrics: readonly Metric[],
  options: EvaluateMetricsOptions = {},
): Promise<MetricResult[]> {
  const { reference, signal } = options;
  const request = {
    inputs: session.inputs,
    transient: true,
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
    ...(signal ? { signal } : {}),
  };
  let done = 0;
  for await (const batch of data.batches(request)) {
    if (batch.steps) await runSequence(session, reference, batch, batch.steps, metrics, options);
    else await runBatch(session, reference, batch, metrics);
    done += batch.count;
    options.onProgress?.({ stage: 'evaluate', done, total: data.length });
    // A run blocks the event loop: let timers, signals and progress through in between.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return metrics.map((metric) => metric.result());
}

async function runBatch(
  session: Session,
  reference: Session | undefined,
  batch: Batch,
  metrics: readonly Metric[],
): Promise<void> {
  const outputs = await session.run(batch.feeds);
  const expected = await reference?.run(batch.feeds);
  update(metrics, outputs, batch, expected);
}

async function runSequence(
  session: Session,
  reference: Session | undefined,
  batch: Batch,
  steps: readonly Feeds[],
  metrics: readonly Metric[],
  options: EvaluateMetricsOptions,
): Promise<void> {
  const state = options.state ? { state: options.state } : {};
  const stepper = session.stepper(state);
  const expected = reference?.stepper(state);
  for (const [t, step] of steps.entries()) {
    options.signal?.throwIfAborted();
    const feeds = { ...batch.feeds, ...step };
    const outputs = await stepper.step(feeds);
    update(metrics, outputs, atStep(batch, t, steps.length), await expected?.step(feeds));
  }
}

/** Labels and targets of one step, where they are given step by step. */
function atStep(batch: Batch, t: number, steps: number): MetricBatch {
  const at = (tensor: Tensor) => (tensor.dims[1] === steps ? frameAt(tensor, t, false) : tensor);
  return {
    count: batch.count,
    ...(batch.rows === undefined ? {} : { rows: batch.rows }),
    ...(batch.labels ? { labels: at(batch.labels) } : {}),
    ...(batch.targets ? { targets: at(batch.targets) } : {}),
  };
}

function update(
  metrics: readonly Metric[],
  outputs: Outputs,
  batch: MetricBatch,
  reference: Outputs | undefined,
): void {
  for (const metric of metrics) metric.update(outputs, reference ? { ...batch, reference } : batch);
}
