import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { bootstrapMedian, type Feeds, median, quantile, typedView } from '@gossamer/runtime';
import type { LatencyAnswer, OpenMessage, RunMessage, RunTime } from './latency-messages.js';

export interface PairedOptions {
  /** Threads of each session. Default 1: the figure that other work on the machine disturbs least. */
  readonly threads?: number;
  /** Pairs of timings. Default 36; spread over the generations. */
  readonly pairs?: number;
  /** Times that both models get fresh processes, so that the luck of memory layout averages out. Default 3. */
  readonly generations?: number;
  /** Runs of each before the clock starts, in each generation. Default 5. */
  readonly warmup?: number;
  /** Of the bootstrap. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** The median of paired ratios a / b (above 1, b is faster) with its 95 % bootstrap interval. */
export interface PairedRatio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Two models timed in turns; `ratio` is by the clock. */
export interface PairedLatency extends PairedRatio {
  /** Milliseconds of one run. */
  readonly a: { readonly median: number; readonly p95: number };
  readonly b: { readonly median: number; readonly p95: number };
  /** The same ratio in processor time: what to trust when the machine is busy. */
  readonly cpu: PairedRatio;
  readonly pairs: number;
}

/** One timing is at least this long: shorter models run several times in it, or the timer and the scheduler would show. */
const timingMs = 10;

/**
 * Times two ONNX files with equal feeds in stock ONNX Runtime, each in a process of its own: A B, B A, A B, ... Only one of them works at any
 * moment; what else the machine does hits both alike, and the ratio is taken pair by pair.
 */
export async function pairedLatency(
  a: string,
  b: string,
  feeds: Feeds,
  options: PairedOptions = {},
): Promise<PairedLatency> {
  const { pairs = 36, generations = 3, seed = 0 } = options;
  const times: Times = { a: [], b: [] };
  for (let generation = 0; generation < generations; generation++) {
    const share = Math.ceil((pairs - times.a.length) / (generations - generation));
    await timeGeneration([a, b], feeds, share, options, times);
  }
  return {
    a: summarise(times.a),
    b: summarise(times.b),
    ...pairedRatio(times, 'ms', seed),
    cpu: pairedRatio(times, 'cpuMs', seed),
    pairs: times.a.length,
  };
}

interface Times {
  readonly a: RunTime[];
  readonly b: RunTime[];
}

async function timeGeneration(
  paths: readonly [string, string],
  feeds: Feeds,
  pairs: number,
  options: PairedOptions,
  times: Times,
): Promise<void> {
  const { threads = 1, warmup = 5, signal } = options;
  const timers: ModelTimer[] = [];
  try {
    for (const path of paths) timers.push(await ModelTimer.open(path, threads, feeds));
    const [first, second] = timers as [ModelTimer, ModelTimer];
    const slowest = Math.max((await first.time(warmup)).ms, (await second.time(warmup)).ms);
    const runs = Math.max(1, Math.ceil(timingMs / slowest));
    for (let pair = 0; pair < pairs; pair++) {
      signal?.throwIfAborted();
      const isTurned = pair % 2 === 1;
      const early = await (isTurned ? second : first).time(runs);
      const late = await (isTurned ? first : second).time(runs);
      times.a.push(isTurned ? late : early);
      times.b.push(isTurned ? early : late);
    }
  } finally {
    for (const timer of timers) timer.close();
  }
}

function pairedRatio({ a, b }: Times, clock: keyof RunTime, seed: number): PairedRatio {
  const ratios = a.map((time, i) => time[clock] / b[i]![clock]);
  return { ratio: median(ratios), ...bootstrapMedian(ratios, seed) };
}

function summarise(times: readonly RunTime[]): { median: number; p95: number } {
  const sorted = Float64Array.from(times, ({ ms }) => ms).sort();
  return { median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

/** A child process that holds one model open. */
class ModelTimer {
  private constructor(private readonly child: ChildProcess) {}

  static async open(path: string, threads: number, feeds: Feeds): Promise<ModelTimer> {
    const child = fork(childScript(), [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const timer = new ModelTimer(child);
    const plain = Object.entries(feeds).map(([name, tensor]) => ({
      name,
      dtype: tensor.dtype,
      dims: [...tensor.dims],
      data: typedView(tensor),
    }));
    try {
      await timer.ask({ kind: 'open', path, threads, feeds: plain });
      return timer;
    } catch (error) {
      timer.close();
      throw error;
    }
  }

  /** Mean time of one of `runs` runs. */
  time(runs: number): Promise<RunTime> {
    return this.ask({ kind: 'run', runs });
  }

  close(): void {
    this.child.kill('SIGKILL');
  }

  private ask(message: OpenMessage | RunMessage): Promise<RunTime> {
    return new Promise((resolve, reject) => {
      const fail = (what: string) => reject(new GossamerError('ERR_CHILD_FAILED', `latency child: ${what}`));
      const onExit = () => fail('expected an answer, received its end');
      this.child.once('exit', onExit);
      this.child.once('message', (answer: LatencyAnswer) => {
        this.child.off('exit', onExit);
        if ('ms' in answer) resolve(answer);
        else fail(`expected a run, received ${answer.error}`);
      });
      this.child.send(message);
    });
  }
}

/** The child's script: an entry of this package, which in a source checkout is taken from the built one beside it. */
function childScript(): string {
  const entry = createRequire(import.meta.url).resolve('@gossamer/bench/latency-child');
  return entry.endsWith('.ts') ? entry.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js') : entry;
}
