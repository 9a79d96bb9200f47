import { isFloat, type Model, type Tensor } from '@gossamer/graph';
import { type DataSource, type Feeds, float32View, modelInputs, Session } from '@gossamer/runtime';

/** Samples that quality is measured on: more of them change a ratio of sums little. */
const SAMPLES = 8;

/** The first feeds of the calibration data; of a sequence, its first step. */
export async function qualityFeeds(model: Model, data: DataSource): Promise<Feeds[]> {
  const feeds: Feeds[] = [];
  for await (const batch of data.batches({ inputs: modelInputs(model), batchSize: 1, limit: SAMPLES })) {
    feeds.push({ ...batch.feeds, ...batch.steps?.[0] });
  }
  return feeds;
}

export type Outputs = Readonly<Record<string, Tensor>>;

/** Runs a model on every feed. */
export async function runAll(model: Model, feeds: readonly Feeds[], signal?: AbortSignal): Promise<Outputs[]> {
  const session = await Session.open(model, signal ? { signal } : {});
  try {
    const results: Outputs[] = [];
    for (const feed of feeds) {
      results.push(await session.run(feed, signal ? { signal } : {}));
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    return results;
  } finally {
    await session.dispose();
  }
}

/**
 * Signal-to-noise ratio over all float outputs and runs, in dB: each output counts with its own ratio of noise to signal, so that large
 * ones do not hide small ones. Infinity without any difference.
 */
export function outputSqnr(reference: readonly Outputs[], actual: readonly Outputs[]): number {
  let worst = 0;
  for (const name of Object.keys(reference[0] ?? {})) {
    let signal = 0;
    let noise = 0;
    reference.forEach((outputs, run) => {
      const x = outputs[name]!;
      if (!isFloat(x.dtype)) return;
      const [a, b] = [float32View(x), float32View(actual[run]![name]!)];
      for (let i = 0; i < a.length; i++) {
        signal += a[i]! * a[i]!;
        noise += (a[i]! - b[i]!) ** 2;
      }
    });
    if (noise > 0) worst = Math.max(worst, signal > 0 ? noise / signal : Infinity);
  }
  return -10 * Math.log10(worst);
}
