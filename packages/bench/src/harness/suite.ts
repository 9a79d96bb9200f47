import type { CaseStore } from '../cases/case-store.js';
import type { SuiteFindings } from './suite-result.js';

/** What a suite is given. */
export interface SuiteContext {
  /** An empty folder for models, removed afterwards. */
  readonly scratch: string;
  /** Where long experiments keep their runs, from one call to the next. */
  readonly runs: string;
  /** One line of progress, for people. */
  readonly say: (line: string) => void;
  /** How far it is, for a progress bar. */
  readonly onProgress: (progress: { stage: string; done: number; total: number }) => void;
  readonly signal: AbortSignal;
  /** Names of cases to run; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Texts of which a case's name must contain one; undefined: all. Of the suites that compare engines. */
  readonly filter: readonly string[] | undefined;
  /** Numbers of threads, each a run of its own. Of the suites that compare engines. */
  readonly threads: readonly number[];
  /** The engine in question and the one it stands beside. Of the suites that compare engines. */
  readonly engines: readonly [subject: string, peer: string];
  /** Where finished cases are kept. */
  readonly store: CaseStore;
}

/** The engines that the project's promises are about; of others a run says nothing on them. */
export const isOurs = ([subject, peer]: SuiteContext['engines']): boolean =>
  subject !== peer && subject !== 'ort' && peer === 'ort';

/** A set of measurements that belong together. */
export interface Suite {
  readonly name: string;
  /** One line for people: what it measures. */
  readonly about: string;
  /** It takes times, which a busy machine spoils: a warning is then given. Default false. */
  readonly isTimed?: boolean;
  run(context: SuiteContext): Promise<SuiteFindings>;
}
