import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { noStore, openCaseStore } from './cases/case-store.js';
import { environment } from './harness/environment.js';
import { busyWarning, loadSince, loadSnapshot } from './harness/machine-load.js';
import type { SuiteResult } from './harness/suite-result.js';
import { toMarkdown, writeReport } from './harness/report.js';
import type { Suite, SuiteContext } from './harness/suite.js';
import { conformance } from './suites/conformance.js';
import { criteria } from './suites/criteria.js';
import { dataFree } from './suites/data-free.js';
import { distillation } from './suites/distillation.js';
import { generatedGraphs } from './suites/generated-graphs.js';
import { gptqSpeed } from './suites/gptq-speed.js';
import { gsm } from './suites/gsm.js';
import { instructionSets } from './suites/instruction-sets.js';
import { integerOnly } from './suites/integer-only.js';
import { kernels, quick } from './suites/kernels.js';
import { languageBits } from './suites/language-bits.js';
import { largeModel } from './suites/large-model.js';
import { mixedPrecision } from './suites/mixed-precision.js';
import { lowRank } from './suites/low-rank.js';
import { lowBits } from './suites/low-bits.js';
import { qat } from './suites/qat.js';
import { models } from './suites/models.js';
import { operators } from './suites/operators.js';
import { parallelTraining } from './suites/parallel-training.js';
import { realModels } from './suites/real-models.js';
import { records } from './suites/records.js';
import { roundTrip } from './suites/round-trip.js';
import { sparseLanguage } from './suites/sparse-language.js';
import { sparseModels } from './suites/sparse-models.js';
import { speedVersusOrt } from './suites/speed-vs-ort.js';
import { structured } from './suites/structured.js';
import { trainingAccuracy } from './suites/training-accuracy.js';
import { trainingCoverage } from './suites/training-coverage.js';
import { trainingSteps } from './suites/training-steps.js';

/** Every suite, in the order they are best read. */
export const SUITES: readonly Suite[] = [
  quick,
  kernels,
  models,
  sparseModels,
  lowRank,
  trainingSteps,
  parallelTraining,
  trainingAccuracy,
  distillation,
  records,
  dataFree,
  mixedPrecision,
  lowBits,
  integerOnly,
  qat,
  criteria,
  structured,
  gsm,
  trainingCoverage,
  instructionSets,
  roundTrip,
  conformance,
  languageBits,
  sparseLanguage,
  operators,
  generatedGraphs,
  realModels,
  speedVersusOrt,
  gptqSpeed,
  largeModel,
];

/** Other names of suites. */
const ALIASES: Readonly<Record<string, string>> = { compression: speedVersusOrt.name };

export interface RunSuiteOptions {
  /** Folder for SUITE.json, SUITE.md and SUITE.html; finished cases are kept there. Default: nothing is written. */
  readonly out?: string;
  /** Names of cases to run, e.g. of single models. Default: all. */
  readonly only?: readonly string[];
  /** Texts of which a case's name must contain one (kernels, models, quick). Default: all cases. */
  readonly filter?: readonly string[];
  /** Numbers of threads to measure on, one after the other (kernels, models, quick). Default: 1 and 2. */
  readonly threads?: readonly number[];
  /** The engine in question and the one it stands beside (kernels, models, quick). Default: native and ort. */
  readonly engines?: readonly [subject: string, peer: string];
  /** Take over the finished cases that `out` holds of the same commit and CPU. Default false. */
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  /** Receives lines of progress. Default: dropped. */
  readonly say?: (line: string) => void;
  /** Receives how far it is. Default: dropped. */
  readonly onProgress?: SuiteContext['onProgress'];
}

/** Runs a suite of the benchmark harness by name. Throws `ERR_SUITE` for an unknown one, listing the known ones. */
export async function runSuite(name: string, options: RunSuiteOptions = {}): Promise<SuiteResult> {
  const suite = findSuite(name);
  const { only, filter, out, resume = false, signal = new AbortController().signal, say = () => undefined } = options;
  const { threads = [1, 2], engines = ['native', 'ort'], onProgress = () => undefined } = options;
  if (resume && out === undefined) {
    throw new GossamerError('ERR_OPTION', 'resume: expected the folder of earlier results (out), received none');
  }
  const surroundings = environment();
  const before = loadSnapshot();
  const busy = suite.isTimed ? busyWarning(before) : undefined;
  if (busy !== undefined) say(`warning: ${busy}`);
  const store =
    out === undefined ? noStore : openCaseStore(join(out, `${suite.name}.json`), suite.name, surroundings, resume);
  const scratch = await mkdtemp(join(tmpdir(), 'gossamer-bench-'));
  const start = performance.now();
  try {
    const runs = join(out ?? scratch, `${suite.name}.runs`);
    const context = { scratch, runs, say, onProgress, signal, only, filter, threads, engines, store };
    const findings = await suite.run(context);
    const seconds = (performance.now() - start) / 1000;
    const warnings = [...(busy === undefined ? [] : [busy]), ...(findings.warnings ?? [])];
    const result = {
      ...{ suite: suite.name, command: commandOf(suite.name, options), seconds, environment: surroundings },
      ...findings,
      warnings,
      load: loadSince(before),
    };
    const report = { ...result, markdown: toMarkdown(result) };
    if (out !== undefined) writeReport(report, out);
    return report;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function findSuite(name: string): Suite {
  const wanted = Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  const suite = SUITES.find((candidate) => candidate.name === wanted);
  if (suite) return suite;
  const known = [...SUITES.map((candidate) => candidate.name), ...Object.keys(ALIASES)].join(', ');
  throw new GossamerError('ERR_SUITE', `suite: expected one of ${known}, received ${name}`);
}

function commandOf(name: string, { only, filter, threads, engines }: RunSuiteOptions): string {
  const flag = (key: string, value: string | undefined) => (value === undefined ? '' : ` --${key} ${value}`);
  const quoted = (values: readonly string[] | undefined) => values && `"${values.join(',')}"`;
  return (
    `node packages/bench/dist/main.js --suite ${name}${flag('only', quoted(only))}${flag('filter', quoted(filter))}` +
    `${flag('threads', threads?.join(','))}${flag('engine', engines?.[0])}${flag('peer', engines?.[1])} --out docs/benchmarks`
  );
}
