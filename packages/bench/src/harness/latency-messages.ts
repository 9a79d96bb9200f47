import type { TensorData } from '@gossamer/graph';

/** A tensor as it crosses to a child process. */
export interface PlainTensor {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** First message to the child: the model to open and what to feed it. */
export interface OpenMessage {
  readonly kind: 'open';
  readonly path: string;
  readonly threads: number;
  readonly feeds: readonly PlainTensor[];
}

/** Later messages: run this often, and say how long each run took on average. */
export interface RunMessage {
  readonly kind: 'run';
  readonly runs: number;
}

/** Mean milliseconds of one run: by the clock, and of processor time, which other work on the machine hardly changes. */
export interface RunTime {
  readonly ms: number;
  readonly cpuMs: number;
}

/** The child's answer to either: the time of a run (zeros after opening), or why it cannot. */
export type LatencyAnswer = RunTime | { readonly error: string };
