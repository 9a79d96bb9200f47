import { type CaseOutcome, type CaseResult, isMeasured } from '../cases/case-result.js';
import { ratioText } from '../cases/kernel-report.js';
import { isAtLeast } from '../harness/describe-run.js';
import type { Claim, Table } from '../harness/suite-result.js';
import type { SuiteContext } from '../harness/suite.js';

type Engines = SuiteContext['engines'];

/** Amdahl's prediction of a case, and what it rests on. */
export interface Prediction {
  readonly model: string;
  readonly mask: string;
  /** Share of the peer's time in products. */
  readonly share: number;
  /** How many times as fast the product alone is, from a kernel of 128 x 768 x 3072 in the same run. */
  readonly kernel: number;
  readonly predicted: number;
}

/** Peak memory of a fresh process that opens a model and runs it. */
export interface MemoryResult {
  readonly model: string;
  readonly mask: string;
  readonly engine: string;
  /** Undefined: it failed, `error` says why. */
  readonly peakRssMb: number | undefined;
  readonly error?: string;
}

const MUST: Readonly<Record<string, Readonly<Record<string, readonly [must: number, goal: number]>>>> = {
  'ResNet-50': { dense: [1.05, 1.13], '80%': [1.9, 2.2], '80%cap16': [2.3, 2.6], '12:64': [2.7, 3.2] },
  'BERT-base-128': { dense: [1.25, 1.4], '80%': [2.2, 2.5], '80%cap16': [2.5, 2.9], '12:64': [2.9, 3.4] },
  MobileNetV2: { dense: [1.2, 1.6] },
};

/** What the project promises of whole models: one thread, batch 1; and memory. */
export function modelClaims(
  outcomes: readonly CaseOutcome[],
  memory: readonly MemoryResult[],
  engines: Engines,
): Claim[] {
  const speed = Object.entries(MUST).flatMap(([model, masks]) =>
    Object.entries(masks).map(([mask, [must, goal]]): Claim => {
      const claim = `${model}, ${mask}, one thread: at least ${must}x (goal ${goal}x)`;
      const found = outcomes
        .filter(isMeasured)
        .find(
          ({ facts, threads }) =>
            facts['model'] === model && facts['mask'] === mask && facts['batch'] === 1 && threads === 1,
        );
      if (!found) return { claim, measured: 'no case in this run', holds: undefined };
      return {
        claim,
        measured: `${ratioText(found.ratio)}; ${found.bestRatio.toFixed(2)}x by best times`,
        holds: isAtLeast(found.ratio, must),
      };
    }),
  );
  return [...speed, ...memoryClaims(memory, engines)];
}

function memoryClaims(memory: readonly MemoryResult[], [subject, peer]: Engines): Claim[] {
  const models = [...new Set(memory.map(({ model }) => model))];
  return models.map((model) => {
    const claim = `${model}: peak memory of ${subject} at most that of ${peer}`;
    const of = (engine: string) =>
      memory.find((found) => found.model === model && found.mask === 'dense' && found.engine === engine)?.peakRssMb;
    const [mine, theirs] = [of(subject), of(peer)];
    if (mine === undefined || theirs === undefined) return { claim, measured: 'not measured', holds: undefined };
    return { claim, measured: `${mine} MB beside ${theirs} MB`, holds: mine <= theirs };
  });
}

/** A row a model, mask, batch and number of threads. */
export function modelTable(
  outcomes: readonly CaseOutcome[],
  predictions: readonly Prediction[],
  [subject, peer]: Engines,
): Table {
  return {
    title: 'Whole models',
    columns: [
      ...[
        'model',
        'weights',
        'batch',
        'threads',
        `${subject} ms`,
        `${peer} ms`,
        'faster',
        'best',
        'in CPU time',
        'of own dense',
      ],
      ...['Amdahl predicts', 'from a kernel', 'outputs differ by'],
    ],
    rows: outcomes.map((outcome) => {
      if (!isMeasured(outcome)) {
        return [outcome.name, ...['', ''], String(outcome.threads), 'not measured', ...new Array<string>(8).fill('')];
      }
      const { facts, threads, ratio, cpuRatio } = outcome;
      const [model, mask] = [String(facts['model']), String(facts['mask'])];
      const prediction =
        facts['batch'] === 1 && threads === 1
          ? predictions.find((found) => found.model === model && found.mask === mask)
          : undefined;
      return [
        `${model}${outcome.warnings.length > 0 ? ' (noisy)' : ''}`,
        ...[mask, String(facts['batch']), String(threads)],
        ...[outcome.subject, outcome.peer].map(({ us }) => (us.median / 1000).toFixed(2)),
        ...[
          ratioText(ratio),
          `${outcome.bestRatio.toFixed(2)}x`,
          cpuRatio ? ratioText(cpuRatio) : '',
          ofOwnDense(outcome, outcomes),
        ],
        ...(prediction ? [`${prediction.predicted.toFixed(2)}x`, `${prediction.kernel.toFixed(2)}x`] : ['', '']),
        shareText(outcome.difference.relative),
      ];
    }),
  };
}

/** Of the largest output. */
const shareText = (share: number) => (share === 0 ? '0' : `${(100 * share).toPrecision(2)} %`);

function ofOwnDense(result: CaseResult, outcomes: readonly CaseOutcome[]): string {
  const { facts, threads } = result;
  const dense = outcomes
    .filter(isMeasured)
    .find(
      (other) =>
        other.threads === threads &&
        other.facts['model'] === facts['model'] &&
        other.facts['batch'] === facts['batch'] &&
        other.facts['mask'] === 'dense',
    );
  return dense && facts['mask'] !== 'dense'
    ? `${(dense.subject.us.median / result.subject.us.median).toFixed(2)}x`
    : '';
}

/** A row a model and mask, a column an engine. */
export function memoryTable(memory: readonly MemoryResult[]): Table {
  const engines = [...new Set(memory.map(({ engine }) => engine))];
  const keys = [...new Set(memory.map(({ model, mask }) => `${model}\n${mask}`))];
  return {
    title: 'Peak memory of a fresh process',
    columns: ['model', 'weights', ...engines.map((engine) => `${engine} MB`)],
    rows: keys.map((key) => {
      const [model, mask] = key.split('\n') as [string, string];
      const cells = engines.map((engine) => {
        const found = memory.find((one) => one.model === model && one.mask === mask && one.engine === engine);
        return found?.peakRssMb === undefined ? (found?.error ?? '') : String(found.peakRssMb);
      });
      return [model, mask, ...cells];
    }),
  };
}

/** The parts of the peer's time, the larger ones. */
export function shareTable(shares: Readonly<Record<string, Readonly<Record<string, number>>>>): Table {
  return {
    title: "Where the peer's time goes (dense, one thread, batch 1)",
    columns: ['model', 'share of the time by operator'],
    rows: Object.entries(shares).map(([model, parts]) => [
      model,
      Object.entries(parts)
        .filter(([, share]) => share >= 0.01)
        .map(([op, share]) => `${op} ${(100 * share).toFixed(1)} %`)
        .join(', '),
    ]),
  };
}
