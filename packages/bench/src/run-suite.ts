import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { environment } from './harness/environment.js';
import { type SuiteResult, toMarkdown, writeReport } from './harness/report.js';
import type { Suite } from './harness/suite.js';
import { generatedGraphs } from './suites/generated-graphs.js';
import { largeModel } from './suites/large-model.js';
import { operators } from './suites/operators.js';
import { realModels } from './suites/real-models.js';
import { roundTrip } from './suites/round-trip.js';
import { speedVersusOrt } from './suites/speed-vs-ort.js';

/** Every suite, in the order they are best read. */
export const SUITES: readonly Suite[] = [roundTrip, operators, generatedGraphs, realModels, speedVersusOrt, largeModel];

export interface RunSuiteOptions {
  /** Folder for SUITE.json and SUITE.md. Default: nothing is written. */
  readonly out?: string;
  /** Names of cases to run, e.g. of single models. Default: all. */
  readonly only?: readonly string[];
  readonly signal?: AbortSignal;
  /** Receives lines of progress. Default: dropped. */
  readonly say?: (line: string) => void;
}

/** Runs a suite of the benchmark harness by name. Throws `ERR_SUITE` for an unknown one, listing the known ones. */
export async function runSuite(name: string, options: RunSuiteOptions = {}): Promise<SuiteResult> {
  const suite = SUITES.find((candidate) => candidate.name === name);
  if (!suite) {
    const known = SUITES.map((candidate) => candidate.name).join(', ');
    throw new GossamerError('ERR_SUITE', `suite: expected one of ${known}, received ${name}`);
  }
  const { only, out, signal = new AbortController().signal, say = () => undefined } = options;
  const surroundings = environment();
  const scratch = await mkdtemp(join(tmpdir(), 'gossamer-bench-'));
  const start = performance.now();
  try {
    const findings = await suite.run({ scratch, say, signal, only });
    const seconds = (performance.now() - start) / 1000;
    const result = { suite: name, command: commandOf(name, only), seconds, environment: surroundings, ...findings };
    const report = { ...result, markdown: toMarkdown(result) };
    if (out !== undefined) writeReport(report, out);
    return report;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function commandOf(name: string, only: readonly string[] | undefined): string {
  const cases = only === undefined ? '' : ` --only "${only.join(',')}"`;
  return `node packages/bench/dist/main.js --suite ${name}${cases} --out docs/benchmarks`;
}
