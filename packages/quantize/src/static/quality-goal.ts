import type { Model } from '@gossamer/graph';
import { evaluateMetrics, type Feeds, Session } from '@gossamer/runtime';
import type { AccuracyGoal } from '../options.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { outputSqnr, runAll } from './output-quality.js';

/** What the quantized model has to reach. */
export interface QualityGoal {
  /** Higher is better. */
  measure(model: Model): Promise<number>;
  readonly target: number;
  /** A measured value in words. */
  describe(value: number): string;
}

/** Samples a run of a metric; models with a fixed batch have their own. */
const BATCH = 16;

type Run = Pick<ResolvedOptions, 'threads' | 'signal'>;

/** Outputs that keep to the float model's by so many dB. */
export async function sqnrGoal(
  float: Model,
  feeds: readonly Feeds[],
  target: number,
  { signal }: Run,
): Promise<QualityGoal> {
  const reference = await runAll(float, feeds, signal);
  return {
    measure: async (model) => outputSqnr(reference, await runAll(model, feeds, signal)),
    target,
    describe: (value) => `outputs of ${value.toFixed(1)} dB`,
  };
}

/** A metric that falls behind the float model's by no more than `maxDrop`. */
export async function accuracyGoal(
  float: Model,
  { metric, data, maxDrop }: AccuracyGoal,
  run: Run,
): Promise<QualityGoal> {
  const { name, better, needs } = metric();
  const options = {
    ...(run.threads === undefined ? {} : { threads: run.threads }),
    ...(run.signal ? { signal: run.signal } : {}),
  };
  const sign = better === 'higher' ? 1 : -1;
  const measure = async (model: Model) => {
    const session = await Session.open(model, options);
    const reference = needs === 'reference' ? await Session.open(float, options) : undefined;
    try {
      const how = {
        batchSize: BATCH,
        ...(reference ? { reference } : {}),
        ...(run.signal ? { signal: run.signal } : {}),
      };
      const [result] = await evaluateMetrics(session, data, [metric()], how);
      return sign * result!.value;
    } finally {
      await session.dispose();
      await reference?.dispose();
    }
  };
  return {
    measure,
    target: (await measure(float)) - maxDrop,
    describe: (value) => `${name} of ${(sign * value).toPrecision(4)}`,
  };
}
