import type { Environment } from './environment.js';
import type { LoadReport } from './machine-load.js';
import type { Plot } from './plot.js';

/** Rows under a heading. Cells are ready to print. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A promise of this project, and what was measured. */
export interface Claim {
  readonly claim: string;
  readonly measured: string;
  /** False: not met by this run. 'undecided': the interval holds the limit. Undefined: not measured, `measured` says why. */
  readonly holds: boolean | 'undecided' | undefined;
}

/** What a suite found, before it is put on paper. */
export interface SuiteFindings {
  /** One paragraph: what was measured, how, on what. */
  readonly summary: string;
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
  /** For the HTML page. Default: none, and no page. */
  readonly plots?: readonly Plot[];
  /** What makes the figures doubtful. Default: nothing known. */
  readonly warnings?: readonly string[];
  /** The figures behind the tables, for programs. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A suite's result as it is stored and printed. */
export interface SuiteResult extends SuiteFindings {
  readonly suite: string;
  /** How to measure it again. */
  readonly command: string;
  readonly seconds: number;
  readonly environment: Environment;
  /** What else the machine did meanwhile. */
  readonly load?: LoadReport;
  readonly markdown: string;
}
