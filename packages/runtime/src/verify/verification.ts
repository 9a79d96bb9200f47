import type { OpenDataOptions } from '../data/data-source.js';
import type { KernelCounts } from './count-kernels.js';

/** How much is proved: 'load' opens the file and counts kernels; 'full' also runs it and compares outputs. */
export type VerifyLevel = 'load' | 'full' | 'none';

/** What a proof found. Decibels are Infinity for equal outputs. */
export interface Verification {
  readonly level: VerifyLevel;
  /** True when ONNX Runtime opened the file (and, at level full, ran it). */
  readonly loads: boolean;
  readonly error?: { readonly code: string; readonly message: string };
  /** Integer kernels of the optimised graph by operator. */
  readonly fusedKernels: KernelCounts;
  /** Float kernels that stayed. */
  readonly floatKernels: KernelCounts;
  /** Largest absolute difference over all outputs and samples. */
  readonly maxAbsError?: number;
  readonly sqnrDb?: number;
  readonly cosine?: number;
  /** Share of samples whose first output has the same argmax. */
  readonly agreement?: number;
  /** Samples compared. */
  readonly samples?: number;
  /** What could not be proved, and why. */
  readonly warnings?: readonly string[];
  /** Wall seconds of the child process. */
  readonly seconds: number;
  /** Its peak resident memory, in MB. */
  readonly peakRssMb: number;
}

/** Inputs the outputs are compared on. */
export interface VerifyData {
  /** A data source as `openData` takes it. */
  readonly spec: string;
  readonly options?: Omit<OpenDataOptions, 'inputs'>;
}

/** What the parent asks of the child; plain data, as it crosses a process border. */
export interface VerifyRequest {
  readonly path: string;
  /** A temporary folder of the parent's, who removes it whatever becomes of the child. */
  readonly folder: string;
  readonly reference: string | undefined;
  /** Undefined: random inputs of a size the reference runs on. */
  readonly data: VerifyData | undefined;
  readonly seed: number;
  readonly level: Exclude<VerifyLevel, 'none'>;
  readonly samples: number;
  readonly threads: number | undefined;
}

/** What the child answers; seconds and memory are added by the parent. */
export type VerifyAnswer = Omit<Verification, 'level' | 'seconds'>;
