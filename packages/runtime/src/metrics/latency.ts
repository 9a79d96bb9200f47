import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { Feeds } from '../session/feeds.js';
import type { Session } from '../session/session.js';
import { bootstrapMedian } from './bootstrap.js';
import { median, quantile } from './quantile.js';

/** Milliseconds a run takes. */
export interface Latency {
  readonly runs: number;
  readonly median: number;
  readonly p95: number;
  readonly min: number;
  /** Each run (of a comparison: each pair's mean), in order. */
  readonly samples: readonly number[];
}

export interface LatencyOptions {
  /** Runs before the clock starts. Default 5. */
  readonly warmup?: number;
  /** Runs at least. Default 30. */
  readonly runs?: number;
  /** Go on until this many seconds are over. Default 1. */
  readonly minSeconds?: number;
  /** Names of the outputs to compute. Default: all. */
  readonly outputs?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Times runs on one feed. */
export async function measureLatency(session: Session, feeds: Feeds, options: LatencyOptions = {}): Promise<Latency> {
  const { warmup = 5, runs = 30, minSeconds = 1, outputs, signal } = options;
  requireCount('runs', runs);
  for (let i = 0; i < warmup; i++) await timedRun(session, feeds, signal, outputs);
  const samples: number[] = [];
  const end = performance.now() + minSeconds * 1000;
  while (samples.length < runs || performance.now() < end)
    samples.push(await timedRun(session, feeds, signal, outputs));
  return summarise(samples);
}

export interface CompareLatencyOptions {
  /** Pairs of timings. Default 30. */
  readonly pairs?: number;
  /** Runs of each before the clock starts. Default 5. */
  readonly warmup?: number;
  /** Of the bootstrap. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Two models timed in turns. */
export interface LatencyComparison {
  readonly a: Latency;
  readonly b: Latency;
  /** Median of the paired ratios a / b: above 1, b is faster. */
  readonly speedup: number;
  /** 95 % bootstrap interval of that median. */
  readonly low: number;
  readonly high: number;
}

/** One timing is at least this long: short models run several times in it. */
const TIMING_MS = 10;

/**
 * Times two sessions in turns and takes the ratio of each pair of timings, so that what else the machine does hits both alike. A pair is
 * A B B A, each timing the mean over as many runs as fill 10 ms: a session that has just run keeps its threads awake for a while, which slows
 * the other one (on two cores a model of 0.1 ms seemed 1.4 times as fast as itself when single runs took turns). `feedsB` defaults
 * to `feedsA`.
 */
export async function compareLatency(
  a: Session,
  b: Session,
  feedsA: Feeds,
  feedsB: Feeds = feedsA,
  options: CompareLatencyOptions = {},
): Promise<LatencyComparison> {
  const { pairs = 30, warmup = 5, seed = 0, signal } = options;
  requireCount('pairs', pairs);
  let slowest = 0;
  for (let i = 0; i < Math.max(1, warmup); i++) {
    slowest = Math.max(await timedRun(a, feedsA, signal), await timedRun(b, feedsB, signal));
  }
  const runs = Math.max(1, Math.ceil(TIMING_MS / slowest));
  const times = { a: [] as number[], b: [] as number[] };
  const timeA = () => meanRun(a, feedsA, runs, signal);
  const timeB = () => meanRun(b, feedsB, runs, signal);
  for (let pair = 0; pair < pairs; pair++) {
    const first = await timeA();
    const second = [await timeB(), await timeB()] as const;
    times.a.push((first + (await timeA())) / 2);
    times.b.push((second[0] + second[1]) / 2);
  }
  const ratios = times.a.map((time, i) => time / times.b[i]!);
  return {
    a: summarise(times.a),
    b: summarise(times.b),
    speedup: median(ratios),
    ...bootstrapMedian(ratios, seed),
  };
}

async function meanRun(session: Session, feeds: Feeds, runs: number, signal: AbortSignal | undefined): Promise<number> {
  let sum = 0;
  for (let run = 0; run < runs; run++) sum += await timedRun(session, feeds, signal);
  return sum / runs;
}

async function timedRun(
  session: Session,
  feeds: Feeds,
  signal: AbortSignal | undefined,
  outputs?: readonly string[],
): Promise<number> {
  signal?.throwIfAborted();
  const options = { ...(outputs ? { outputs } : {}), ...(signal ? { signal } : {}) };
  const start = performance.now();
  await session.run(feeds, options);
  return performance.now() - start;
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', `${name}: expected an integer > 0, received ${value}`);
}

/** Median, 95th percentile and minimum of times in any order. */
export function summarise(samples: readonly number[]): Latency {
  const sorted = Float64Array.from(samples).sort();
  return { runs: samples.length, median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), min: sorted[0]!, samples };
}
