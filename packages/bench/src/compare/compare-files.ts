import { readFileSync } from 'node:fs';
import { GossamerError } from '@gossamer/graph';
import { type CaseOutcome, type CaseResult, isMeasured } from '../cases/case-result.js';
import type { Environment } from '../harness/environment.js';
import { markdownTable } from '../harness/report.js';
import type { RatioInterval, Summary } from '../harness/summary.js';
import { round } from '../harness/summary.js';

/** One case in two results files. */
export interface CaseComparison {
  readonly id: string;
  /** Time in A over time in B: above 1, B is faster. What else the machine did is in it. */
  readonly time: RatioInterval;
  /** The ratio to the peer in B over that in A: above 1, B is faster; the same peer stood beside both, so the machine's mood cancels. */
  readonly besidePeer: RatioInterval;
  /** The interval of `besidePeer` leaves out 1, and the change is larger than repeated runs differ by. */
  readonly significant: boolean;
}

/** Two results files of one suite. */
export interface ResultsComparison {
  readonly suite: string;
  readonly environments: readonly [Environment, Environment];
  readonly cases: readonly CaseComparison[];
  /** Cases of one file only. */
  readonly missing: readonly string[];
  readonly warnings: readonly string[];
  readonly markdown: string;
}

interface ResultsFile {
  readonly suite: string;
  readonly environment: Environment;
  readonly cases: readonly CaseResult[];
}

/** Changes below this are not called significant, however narrow the interval: memory layout alone moves a case as much. */
const LEAST_CHANGE = 0.03;

/** Compares what two runs of a suite measured, case by case. Throws ERR_RESULTS for files that are none or of different suites. */
export function compareFiles(fileA: string, fileB: string): ResultsComparison {
  const [a, b] = [readResults(fileA), readResults(fileB)];
  if (a.suite !== b.suite) {
    throw new GossamerError('ERR_RESULTS', `${fileB}: expected results of suite ${a.suite}, received ${b.suite}`);
  }
  const cases = a.cases.flatMap((before) => {
    const after = b.cases.find(({ id }) => id === before.id);
    return after ? [compareCase(before, after)] : [];
  });
  const both = new Set(cases.map(({ id }) => id));
  const missing = [...a.cases, ...b.cases].map(({ id }) => id).filter((id) => !both.has(id));
  const warnings = (['cpu', 'isa', 'onnxruntime', 'node'] as const).flatMap((fact) =>
    a.environment[fact] === b.environment[fact]
      ? []
      : [`${fact} differs: ${a.environment[fact]} and ${b.environment[fact]}`],
  );
  const result = { suite: a.suite, environments: [a.environment, b.environment] as const, cases, missing, warnings };
  return { ...result, markdown: toMarkdown(result) };
}

/** One case of two runs. */
export function compareCase(before: CaseResult, after: CaseResult): CaseComparison {
  const time = ratioOf(ofSummary(before.subject.us), ofSummary(after.subject.us));
  const useNet = before.netRatio !== undefined && after.netRatio !== undefined;
  const besidePeer = ratioOf(useNet ? after.netRatio! : after.ratio, useNet ? before.netRatio! : before.ratio);
  const leavesOut = besidePeer.low > 1 || besidePeer.high < 1;
  return { id: before.id, time, besidePeer, significant: leavesOut && Math.abs(besidePeer.ratio - 1) >= LEAST_CHANGE };
}

const ofSummary = ({ median, low, high }: Summary): RatioInterval => ({ ratio: median, low, high });

/** a / b of independent figures: on the logarithm, half widths of intervals add as squares do. */
function ratioOf(a: RatioInterval, b: RatioInterval): RatioInterval {
  const half = Math.hypot(Math.log(a.high / a.low), Math.log(b.high / b.low)) / 2;
  const ratio = a.ratio / b.ratio;
  return { ratio: round(ratio), low: round(ratio * Math.exp(-half)), high: round(ratio * Math.exp(half)) };
}

function readResults(file: string): ResultsFile {
  let stored: { schemaVersion?: number; suite?: string; environment?: Environment; data?: { cases?: CaseOutcome[] } };
  try {
    stored = JSON.parse(readFileSync(file, 'utf8')) as typeof stored;
  } catch (cause) {
    const what = cause instanceof SyntaxError ? 'no JSON' : (cause as NodeJS.ErrnoException).code;
    throw new GossamerError('ERR_RESULTS', `${file}: expected a results file, received ${what}`, { cause });
  }
  const { schemaVersion, suite, environment, data } = stored;
  if (schemaVersion !== 1 || suite === undefined || !environment || !Array.isArray(data?.cases)) {
    const known = 'a results file of the suites kernels, models or quick (schemaVersion 1)';
    throw new GossamerError('ERR_RESULTS', `${file}: expected ${known}, received another`);
  }
  return { suite, environment, cases: data.cases.filter(isMeasured) };
}

function toMarkdown({ suite, environments, cases, missing, warnings }: Omit<ResultsComparison, 'markdown'>): string {
  const text = ({ ratio, low, high }: RatioInterval) => `${ratio.toFixed(3)}x (${low.toFixed(3)}-${high.toFixed(3)})`;
  const changed = cases.filter(({ significant }) => significant);
  const rows = [...cases]
    .sort((x, y) => Number(y.significant) - Number(x.significant))
    .map(({ id, time, besidePeer, significant }) => [
      id,
      text(besidePeer),
      text(time),
      significant ? (besidePeer.ratio > 1 ? 'faster' : '**slower**') : '',
    ]);
  const sections = [
    `# ${suite}: ${environments[0].commit} and ${environments[1].commit}`,
    `Above 1, the second file is faster. ${changed.length} of ${cases.length} cases changed significantly.`,
    ...(warnings.length > 0 ? [warnings.map((line) => `- **warning**: ${line}`).join('\n')] : []),
    ...(cases.length > 0 ? [markdownTable(['case', 'beside the peer', 'time', ''], rows)] : []),
    ...(missing.length > 0 ? [`In one file only: ${missing.join(', ')}.`] : []),
  ];
  return `${sections.join('\n\n')}\n`;
}
