import { GossamerError } from '@gossamer/graph';
import type { KernelErrorCode } from './error-codes.js';
import type { Isa } from './isa-info.js';
import { type NativeCall, runCall } from './native-call.js';
import { requireArray } from './require-array.js';

/** What a loop in registers multiplies and adds. */
export type PeakLoop = 'int8' | 'float' | 'bf16';

/** What one call of a loop did; the clock is the caller's. */
export interface LoopWork {
  /** Multiplications and additions, each counted, or bytes read; 0 where there is no such variant on this machine. */
  readonly work: number;
  /** Depends on what was computed or read, and on nothing else. */
  readonly checksum: number;
}

/** In the order of native/kernels/dispatch.h. */
const ISAS: readonly Isa[] = [
  'scalar',
  'neon',
  'neon_dotprod',
  'neon_i8mm',
  'avx2',
  'avxvnni',
  'avx512',
  'avx512vnni',
  'avx512vbmi',
  'avx512bf16',
];
const LOOPS = { int8: 0, float: 1, bf16: 2 } as const;
/** Rounds of one call at most: some milliseconds of the fastest loop. */
export const MAX_ROUNDS = 2 ** 20;
const MAX_THREADS = 256;

/**
 * Multiplies and adds in registers, `rounds` (0 to 2^20) times in each of `threads` (1 to 256) threads of the pool, in the variant for exactly
 * `isa`.
 *
 * 'int8' is vpdpbusd where `isa` has it, else its replacement; 'float' fused multiply-adds; 'bf16' vdpbf16ps.
 */
export function peakLoop(loop: PeakLoop, isa: Isa, rounds: number, threads: number): LoopWork {
  if (!Object.hasOwn(LOOPS, loop)) {
    throw badOption(`loop: expected int8, float or bf16, received ${loop}`);
  }
  requireCounts(rounds, threads);
  const work = new Float64Array(2);
  return run({ operation: 'peakLoop', args: [LOOPS[loop], isaIndex(isa), rounds, threads, work], finish: take(work) });
}

/** Reads `x` from end to end `rounds` times; each of `threads` threads of the pool reads its share of it. */
export function readLoop(x: Uint8Array, isa: Isa, rounds: number, threads: number): LoopWork {
  requireArray('x', x, 'Uint8Array');
  requireCounts(rounds, threads);
  const work = new Float64Array(2);
  return run({ operation: 'readLoop', args: [x, isaIndex(isa), rounds, threads, work], finish: take(work) });
}

const run = (call: NativeCall<'peakLoop' | 'readLoop', LoopWork>): LoopWork => runCall(call);

const take = (work: Float64Array) => (): LoopWork => ({ work: work[0]!, checksum: work[1]! });

function isaIndex(isa: Isa): number {
  const index = ISAS.indexOf(isa);
  if (index < 0) throw badOption(`isa: expected one of ${ISAS.join(', ')}, received ${isa}`);
  return index;
}

function requireCounts(rounds: number, threads: number): void {
  if (!(Number.isInteger(rounds) && rounds >= 0 && rounds <= MAX_ROUNDS)) {
    throw badOption(`rounds: expected an integer in [0, 2^20], received ${rounds}`);
  }
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw badOption(`threads: expected an integer in [1, ${MAX_THREADS}], received ${threads}`);
  }
}

const badOption = (message: string) => new GossamerError<KernelErrorCode>('ERR_BAD_OPTION', message);
