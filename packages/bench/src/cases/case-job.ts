import type { Isa } from '@gossamer/kernels';
import type { KernelCase } from './kernel-case.js';
import type { CaseResult } from './case-result.js';
import type { MachinePeak } from '../harness/measure-peak.js';

/** What a child process is asked to measure; it answers once and ends. */
export type CaseJob = KernelJob | ModelJob | MemoryJob | ProfileJob | PeakJob;

interface Common {
  readonly threads: number;
  readonly pinned: readonly number[] | undefined;
}

/** One kernel case on two engines. */
export interface KernelJob extends Common {
  readonly kind: 'kernel';
  /** What GOSSAMER_ISA limits the kernels to; undefined: nothing, or what it says already. */
  readonly isa?: Isa;
  readonly kernelCase: KernelCase;
  readonly engines: readonly [subject: string, peer: string];
  readonly seconds: number;
}

/** A file, and the sizes of its open dimensions. */
interface OfModel extends Common {
  readonly path: string;
  readonly bindings: Readonly<Record<string, number>>;
}

/** One model file on two engines. */
export interface ModelJob extends OfModel {
  readonly kind: 'model';
  readonly name: string;
  readonly group: string;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly engines: readonly [subject: string, peer: string];
  readonly seconds: number;
}

/** Opens a model file in one engine and runs it a few times; the answer is the process's peak of memory. */
export interface MemoryJob extends OfModel {
  readonly kind: 'memory';
  readonly engine: string;
}

/** Where ONNX Runtime's time goes in a model file. */
export interface ProfileJob extends OfModel {
  readonly kind: 'profile';
}

/** What the machine can do at most. */
export interface PeakJob extends Common {
  readonly kind: 'peak';
}

/** Share of the time by operator of the optimised graph. */
export type OperatorShares = Readonly<Record<string, number>>;

/** Answers by kind of job. */
export interface CaseAnswers {
  readonly kernel: CaseResult;
  readonly model: CaseResult;
  readonly memory: { readonly peakRssMb: number };
  readonly profile: { readonly shares: OperatorShares };
  readonly peak: MachinePeak;
}

/** What the child sends. */
export type CaseReply =
  | { readonly answer: CaseAnswers[keyof CaseAnswers] }
  | { readonly error: { readonly code: string; readonly message: string } };
