import { type Isa, isaInfo, MAX_ROUNDS, type PeakLoop, peakLoop, readLoop } from '@gossamer/kernels';
import { round } from './summary.js';

/** What the machine can do at most, by thread count: the denominators of "share of the peak". */
export interface MachinePeak {
  readonly threads: number;
  /** GOPS of 8-bit multiply-add by instruction set (a multiplication and an addition are two), slowest set first. */
  readonly int8: Readonly<Partial<Record<Isa, number>>>;
  /** GFLOPS in float32. */
  readonly float: Readonly<Partial<Record<Isa, number>>>;
  /** GFLOPS in bfloat16; empty where the CPU has no instruction for it. */
  readonly bf16: Readonly<Partial<Record<Isa, number>>>;
  /** GB/s of reading, all threads together, each from memory of its own. */
  readonly read: { readonly l1: number; readonly l2: number; readonly l3: number; readonly dram: number };
}

/** Rounds of one sample: a fraction of a millisecond to some. */
const FAST_ROUNDS = 2 ** 17;
const SLOW_ROUNDS = 2 ** 14;
const SAMPLES = 12;
/** Bytes each thread reads, to stay within a level of the cache of every CPU in use, and to leave them all. */
const LEVELS = { l1: 24 << 10, l2: 512 << 10, l3: 8 << 20, dram: 192 << 20 } as const;
const BYTES_PER_SAMPLE = 256 << 20;

/** Measures every loop on `threads` threads; about a second. Each figure is the best of several short samples. */
export function measurePeak(threads: number): MachinePeak {
  const { available } = isaInfo();
  const rates = (loop: PeakLoop) => {
    const found: Partial<Record<Isa, number>> = {};
    for (const isa of available) {
      const rate = bestOf(
        SAMPLES,
        () => peakLoop(loop, isa, isa === 'scalar' ? SLOW_ROUNDS : FAST_ROUNDS, threads).work,
      );
      if (rate > 0 && !(loop === 'bf16' && isa === 'scalar')) found[isa] = round(rate);
    }
    return found;
  };
  return {
    threads,
    int8: rates('int8'),
    float: rates('float'),
    bf16: rates('bf16'),
    read: readRates(available, threads),
  };
}

/** The best rate in any instruction set. */
export function bestRate(rates: Readonly<Partial<Record<Isa, number>>>): number {
  return Math.max(0, ...Object.values(rates));
}

/** One quick sample of the fastest int8 loop on one thread, in GOPS: how fast the core is just now. About 0.3 ms. */
export function referenceSample(): number {
  const start = process.hrtime.bigint();
  const { work } = peakLoop('int8', fastestIsa(), 2 ** 14, 1);
  return work / Number(process.hrtime.bigint() - start);
}

let fastest: Isa | undefined;

function fastestIsa(): Isa {
  fastest ??= [...isaInfo().available].reverse().find((isa) => peakLoop('int8', isa, 1, 1).work > 0) ?? 'scalar';
  return fastest;
}

function readRates(available: readonly Isa[], threads: number): MachinePeak['read'] {
  const isa = [...available].reverse().find((name) => readLoop(new Uint8Array(64), name, 1, 1).work > 0)!;
  const rate = (bytes: number) => {
    const x = new Uint8Array(bytes * threads).fill(1);
    const rounds = Math.min(MAX_ROUNDS, Math.max(1, Math.floor(BYTES_PER_SAMPLE / x.length)));
    return round(bestOf(SAMPLES / 2, () => readLoop(x, isa, rounds, threads).work));
  };
  return { l1: rate(LEVELS.l1), l2: rate(LEVELS.l2), l3: rate(LEVELS.l3), dram: rate(LEVELS.dram) };
}

/** The highest work per nanosecond, that is giga per second, of several calls; 0 where there is no work. */
function bestOf(samples: number, run: () => number): number {
  let best = 0;
  for (let i = 0; i < samples; i++) {
    const start = process.hrtime.bigint();
    const work = run();
    const elapsed = Number(process.hrtime.bigint() - start);
    if (work === 0) return 0;
    best = Math.max(best, work / elapsed);
  }
  return best;
}
