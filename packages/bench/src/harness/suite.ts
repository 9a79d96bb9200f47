import type { SuiteFindings } from './report.js';

/** What a suite is given. */
export interface SuiteContext {
  /** An empty folder for models, removed afterwards. */
  readonly scratch: string;
  /** One line of progress, for people. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Names of cases to run; undefined: all. */
  readonly only: readonly string[] | undefined;
}

/** A set of measurements that belong together. */
export interface Suite {
  readonly name: string;
  /** One line for people: what it measures. */
  readonly about: string;
  run(context: SuiteContext): Promise<SuiteFindings>;
}
