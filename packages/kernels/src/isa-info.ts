import { nativeAddon, runNative } from './native-call.js';

/** Instruction sets that kernels are written for. */
export type Isa =
  | 'scalar'
  | 'neon'
  | 'neon_dotprod'
  | 'neon_i8mm'
  | 'avx2'
  | 'avxvnni'
  | 'avx512'
  | 'avx512vnni'
  | 'avx512vbmi'
  | 'avx512bf16';

/** What the kernels run on. */
export interface IsaInfo {
  /** The best available, or what GOSSAMER_ISA asks for. */
  readonly selected: Isa;
  /** What this machine and this build can run, slowest first. */
  readonly available: readonly Isa[];
  /** Threads that work on one call at a time. */
  readonly threads: number;
}

/** The instruction set and the number of threads in use. Throws ERR_BAD_ISA when GOSSAMER_ISA names an unavailable one. */
export function isaInfo(): IsaInfo {
  return nativeAddon().isaInfo() as IsaInfo;
}

/**
 * Sets the number of threads of the one pool of this process, 1 to 1024, from the next call on.
 *
 * Default: GOSSAMER_THREADS, else the cores this process may use. Results never depend on it.
 */
export function setThreads(threads: number): void {
  runNative((addon) => addon.setThreads(threads));
}
