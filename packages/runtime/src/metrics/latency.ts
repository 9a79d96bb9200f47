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
  /** Each run, in order. */
  readonly samples: readonly number[];
}

export interface LatencyOptions {
  /** Runs before the clock starts. Default 5. */
  readonly warmup?: number;
  /** Runs at least. Default 30. */
  readonly runs?: number;
  /** Go on until this many seconds are over. Default 1. */
  readonly minSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Times runs on one feed. */
export async function measureLatency(session: Session, feeds: Feeds, options: LatencyOptions = {}): Promise<Latency> {
  const { warmup = 5, runs = 30, minSeconds = 1, signal } = options;
  requireCount('runs', runs);
  for (let i = 0; i < warmup; i++) await timedRun(session, feeds, signal);
  const samples: number[] = [];
  const end = performance.now() + minSeconds * 1000;
  while (samples.length < runs || performance.now() < end) samples.push(await timedRun(session, feeds, signal));
  return summarise(samples);
}

export interface CompareLatencyOptions {
  /** Pairs of runs. Default 30. */
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

/**
 * Times two sessions in turns, A B then B A, so that what else the machine does hits both alike, and takes the ratio of each pair.
 * `feedsB` defaults to `feedsA`.
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
  const times = { a: [] as number[], b: [] as number[] };
  for (let pair = -warmup; pair < pairs; pair++) {
    const bFirst = pair % 2 !== 0;
    const early = bFirst ? await timedRun(b, feedsB, signal) : await timedRun(a, feedsA, signal);
    const late = bFirst ? await timedRun(a, feedsA, signal) : await timedRun(b, feedsB, signal);
    if (pair < 0) continue;
    times.a.push(bFirst ? late : early);
    times.b.push(bFirst ? early : late);
  }
  const ratios = times.a.map((time, i) => time / times.b[i]!);
  return {
    a: summarise(times.a),
    b: summarise(times.b),
    speedup: median(ratios),
    ...bootstrapMedian(ratios, seed),
  };
}

async function timedRun(session: Session, feeds: Feeds, signal: AbortSignal | undefined): Promise<number> {
  signal?.throwIfAborted();
  const start = performance.now();
  await session.run(feeds);
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
