import type { Model } from '@gossamer/graph';
import { type DataSource, evaluateMetrics, ModelTrials, Session } from '@gossamer/runtime';
import { sessionOptions } from '../session-options.js';
import type { MixedPrecisionOptions } from './mixed-precision-options.js';
import { lossOf } from './predict-losses.js';

/** What repair improves. */
export interface TrueMetric {
  readonly name: string;
  /** Lower is better. */
  measure(changed: Model): Promise<number>;
  close(): Promise<void>;
}

/** The metric of `given`, on `data`; the divergence from `model`'s outputs where it names none. */
export async function openMetric(model: Model, data: DataSource, given: MixedPrecisionOptions): Promise<TrueMetric> {
  const { metric, batchSize } = given;
  const run = sessionOptions(given);
  if (!metric) {
    let trials: Promise<ModelTrials> | undefined;
    const open = () => (trials ??= ModelTrials.open(model, data, run));
    return {
      name: 'divergence',
      measure: async (changed) => lossOf(await (await open()).measure(changed)),
      close: async () => undefined,
    };
  }
  const { name, better, needs } = metric();
  const reference = needs === 'reference' ? await Session.open(model, run) : undefined;
  return {
    name,
    async measure(changed) {
      const fresh = metric();
      const session = await Session.open(changed, run);
      try {
        const how = { ...(batchSize === undefined ? {} : { batchSize }), ...(reference ? { reference } : {}) };
        const [result] = await evaluateMetrics(session, data, [fresh], {
          ...how,
          ...(run.signal ? { signal: run.signal } : {}),
        });
        return better === 'lower' ? result!.value : -result!.value;
      } finally {
        await session.dispose();
      }
    },
    close: async () => reference?.dispose(),
  };
}
