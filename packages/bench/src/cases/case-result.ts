import type { LoadReport } from '../harness/machine-load.js';
import type { RatioInterval, Summary } from '../harness/summary.js';

/** One engine's times in a case. */
export interface EngineTimes {
  readonly engine: string;
  /** Microseconds of one run of the model, the call included. */
  readonly us: Summary;
  /** Microseconds of a call that computes nothing (Identity, the same output); undefined where it is not measured. */
  readonly callUs: Summary | undefined;
}

/** One case on one number of threads: the subject beside the peer. */
export interface CaseResult {
  /** `NAME @THREADS`: the same in every run, so that two files can be compared. */
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly threads: number;
  /** Facts of the case: sizes, mask, batch, ... */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly subject: EngineTimes;
  readonly peer: EngineTimes;
  /** Time of the peer over the subject's as a caller sees them, pair by pair: above 1, the subject is faster. */
  readonly ratio: RatioInterval;
  /** The same after the least that a call costs, each engine's own, is taken off; undefined where that is most of the time, or not measured. */
  readonly netRatio: RatioInterval | undefined;
  /** The raw ratio in processor time of the process, which other work on the machine disturbs less; one thread only. */
  readonly cpuRatio: RatioInterval | undefined;
  /** Best time of the peer over the subject's best. */
  readonly bestRatio: number;
  /** 10^9 multiplications and additions a second, call cost taken off where `netRatio` is there; zeros of a mask count. */
  readonly gops: { readonly subject: number; readonly peer: number } | undefined;
  /** Largest difference of the two outputs over the largest output, and how many elements differ. */
  readonly difference: { readonly relative: number; readonly elements: number; readonly of: number };
  /** GOPS of a loop in registers beside each pair: how steady the machine was. */
  readonly reference: Summary;
  /** CPUs the process was kept on; undefined: it was not. */
  readonly pinned: readonly number[] | undefined;
  readonly load: LoadReport;
  readonly warnings: readonly string[];
}

/** A case that could not be measured. */
export interface FailedCase {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly threads: number;
  readonly error: string;
}

export type CaseOutcome = CaseResult | FailedCase;

export const isMeasured = (outcome: CaseOutcome): outcome is CaseResult => !('error' in outcome);
