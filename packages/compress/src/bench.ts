import { availableParallelism } from 'node:os';
import {
  type DataSource,
  defaultThreads,
  detectState,
  measureLatency,
  openData,
  peakRssMb,
  type Requantization,
} from '@gossamer/runtime';
import { checkBindings } from './check-bindings.js';
import { firstFeeds } from './compare.js';
import { type ModelInput, toModel } from './onnx-model.js';
import { engineWarnings } from './engine-warnings.js';
import { openSession } from './open-session.js';
import type { WorkOptions } from './progress.js';

export interface BenchOptions extends WorkOptions {
  /** One sample is timed, the first. Default: a random one; open sizes are 64 for pixels (inputs of rank 4), else 16. */
  readonly data?: DataSource;
  /** Sizes of symbolic dimensions of random data, besides the first, which is the sample. Unknown names are refused. */
  readonly bind?: Readonly<Record<string, number>>;
  /** Default 'ort'. */
  readonly engine?: string;
  readonly threads?: number;
  /** How the sums of integer layers become codes (engines native and auto). Default 'float'. */
  readonly requantize?: Requantization;
  /** Timed runs at least; default 30. */
  readonly runs?: number;
  readonly seed?: number;
}

export interface BenchResult {
  readonly engine: string;
  readonly threads: number;
  readonly runs: number;
  /** Milliseconds of one call on one sample. */
  readonly latencyMs: { readonly median: number; readonly p95: number; readonly min: number };
  /** Highest resident memory of the process, in MB. */
  readonly peakRssMb: number;
  readonly warnings: readonly string[];
}

/** Times a model: warm-up, then at least `runs` runs and one second. */
export async function bench(input: ModelInput, options: BenchOptions = {}): Promise<BenchResult> {
  const model = await toModel(input);
  checkBindings(model.ir, options.bind ?? {});
  const threads = options.threads ?? defaultThreads() ?? availableParallelism();
  const session = await openSession(model, { ...options, threads });
  try {
    const data =
      options.data ?? (await openData('random:1', { seed: options.seed ?? 0, bindings: { ...options.bind } }));
    const feeds = await firstFeeds(data, session);
    const state = detectState(model.ir);
    const latency = await measureLatency(session, feeds, {
      runs: options.runs ?? 30,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const { runs, median, p95, min } = latency;
    const warnings = engineWarnings(session);
    if (data.latencyOnly) warnings.push('random inputs: the figures say nothing about quality');
    if (state.length > 0) warnings.push('a recurrent model was timed on its first step');
    return { engine: session.engine, threads, runs, latencyMs: { median, p95, min }, peakRssMb: peakRssMb(), warnings };
  } finally {
    await session.dispose();
  }
}
