import { GossamerError } from '@gossamer/graph';
import type { AccuracyGoal } from '@gossamer/quantize';
import { evaluateMetrics } from '@gossamer/runtime';
import type { CompressErrorCode } from './error-codes.js';
import type { OnnxModel } from './onnx-model.js';
import { openSession } from './open-session.js';
import type { WorkOptions } from './progress.js';

export type { AccuracyGoal } from '@gossamer/quantize';

/** What a metric came to, in ONNX Runtime. */
export interface AccuracyResult {
  readonly metric: string;
  readonly before: number;
  readonly after: number;
  /** In the metric's unit, > 0: worse. */
  readonly drop: number;
  readonly maxDrop: number;
  readonly samples: number;
}

/** Throws ERR_ACCURACY where `made` is worse by more than may be. */
export type AccuracyGate = (made: OnnxModel) => Promise<AccuracyResult>;

/** Samples a run; models with a fixed batch have their own. */
const BATCH = 16;

/**
 * Measures a model before it is compressed, so that what is wrong with metric or data is found before the work; what it returns measures the result. Throws ERR_OPTION, and what metrics
 * throw for data without their labels.
 */
export async function accuracyGate(
  source: OnnxModel,
  goal: AccuracyGoal,
  work: WorkOptions & { readonly threads?: number },
): Promise<AccuracyGate> {
  const { maxDrop } = goal;
  if (!(Number.isFinite(maxDrop) && maxDrop >= 0)) {
    const text = `accuracy.maxDrop: expected a number >= 0, received ${maxDrop}`;
    throw new GossamerError<CompressErrorCode>('ERR_OPTION', text);
  }
  const { better, name: metric } = goal.metric();
  const { value: before } = await measure(source, source, goal, work);
  return async (made) => {
    const { value: after, samples } = await measure(made, source, goal, work);
    const drop = better === 'higher' ? before - after : after - before;
    // A value that is no number is no pass either.
    if (drop <= maxDrop) return { metric, before, after, drop, maxDrop, samples };
    const values = `${before.toPrecision(4)} before, ${after.toPrecision(4)} after`;
    throw new GossamerError<CompressErrorCode>(
      'ERR_ACCURACY',
      `accuracy: expected ${metric} to fall behind by at most ${maxDrop}, received ${drop.toPrecision(3)} (${values}); nothing was written`,
    );
  };
}

async function measure(
  model: OnnxModel,
  source: OnnxModel,
  { metric, data }: AccuracyGoal,
  work: WorkOptions & { readonly threads?: number },
) {
  const fresh = metric();
  const session = await openSession(model, work);
  const reference = fresh.needs === 'reference' ? await openSession(source, work) : undefined;
  try {
    const [result] = await evaluateMetrics(session, data, [fresh], {
      batchSize: BATCH,
      ...(reference ? { reference } : {}),
      ...(work.signal ? { signal: work.signal } : {}),
      onProgress: ({ done, total }) => work.onProgress?.({ stage: 'evaluate', done, total }),
    });
    return result!;
  } finally {
    await session.dispose();
    await reference?.dispose();
  }
}
