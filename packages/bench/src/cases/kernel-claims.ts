import { isAtLeast } from '../harness/describe-run.js';
import type { Claim } from '../harness/suite-result.js';
import type { RatioInterval } from '../harness/summary.js';
import { type CaseOutcome, type CaseResult, isMeasured } from './case-result.js';
import { bestKernelRatio, kernelRatio, ratioText } from './kernel-report.js';

/** A promise about the geometric mean of the ratios of some cases, one thread. */
interface KernelPromise {
  readonly claim: string;
  readonly must: number;
  readonly goal: number;
  readonly holdsFor: (facts: Readonly<Record<string, string | number>>) => boolean;
}

/** The 16 shapes lie in the group of this name; other groups repeat some of them. */
const isPlain = (facts: Readonly<Record<string, string | number>>) =>
  facts['mask'] === 'dense' && facts['repeat'] === 1;
const rows = (facts: Readonly<Record<string, string | number>>) => Number(facts['m']);
const shape = (facts: Readonly<Record<string, string | number>>) => `${facts['n']}x${facts['k']}`;

const PROMISES: readonly KernelPromise[] = [
  {
    claim: 'int8, dense, to int32, M >= 32',
    ...{ must: 0.97, goal: 1 },
    holdsFor: (f) => f['kind'] === 'int32' && isPlain(f) && rows(f) >= 32,
  },
  {
    claim: 'int8, dense, requantised, M > 1',
    ...{ must: 1.04, goal: 1.08 },
    holdsFor: (f) => f['kind'] === 'quantized' && isPlain(f) && rows(f) > 1,
  },
  {
    claim: 'int8, dense, requantised, M = 1',
    ...{ must: 1.3, goal: 1.6 },
    holdsFor: (f) => f['kind'] === 'quantized' && isPlain(f) && rows(f) === 1,
  },
  {
    claim: 'int8, dense, float in and out, dynamic, M > 1',
    ...{ must: 1.1, goal: 1.2 },
    holdsFor: (f) => f['kind'] === 'dynamic' && isPlain(f) && rows(f) > 1,
  },
  {
    claim: 'int8 x int8, dense, M > 1',
    ...{ must: 10, goal: 12 },
    holdsFor: (f) => f['kind'] === 'int32-s8s8' && isPlain(f) && rows(f) > 1,
  },
  ...[1, 8, 128].map((m) => ({
    claim: `4-bit 4096 x 4096, block 32, M = ${m}`,
    ...(m === 1 ? { must: 1.5, goal: 2.1 } : { must: 1.8, goal: 2.4 }),
    holdsFor: (f: Readonly<Record<string, string | number>>) =>
      f['kind'] === 'nbits' && shape(f) === '4096x4096' && f['blockSize'] === 32 && rows(f) === m,
  })),
  ...(
    [
      ['80%', 1.9, 2.4],
      ['2:4', 1.35, 1.5],
      ['12:64', 3.2, 3.8],
    ] as const
  ).map(([mask, must, goal]) => ({
    claim: `int8, ${mask}, 128 columns, beside dense int8 of the peer`,
    ...{ must, goal },
    holdsFor: (f: Readonly<Record<string, string | number>>) =>
      f['kind'] === 'int32' &&
      f['mask'] === mask &&
      rows(f) === 128 &&
      Number(f['k']) % 64 === 0 &&
      Number(f['n']) >= 64,
  })),
];

/** What the project promises of its kernels, beside the peer's, on one thread. */
export function kernelClaims(outcomes: readonly CaseOutcome[]): Claim[] {
  const measured = outcomes.filter(isMeasured).filter(({ threads }) => threads === 1);
  return PROMISES.map(({ claim, must, goal, holdsFor }) => {
    const text = `${claim}: at least ${must}x (goal ${goal}x)`;
    const results = measured.filter(({ facts }) => holdsFor(facts));
    if (results.length === 0) return { claim: text, measured: 'no case in this run', holds: undefined };
    const mean = geometricMean(results.map(kernelRatio));
    const cases = results.length === 1 ? '' : `, ${results.length} cases from ${extremes(results)}`;
    return {
      claim: text,
      measured: `${ratioText(mean)}${cases}; ${meanOfBest(results).toFixed(2)}x by best times`,
      holds: isAtLeast(mean, must),
    };
  });
}

function meanOfBest(results: readonly CaseResult[]): number {
  const logs = results.map((result) => Math.log(bestKernelRatio(result)));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

function extremes(results: readonly CaseResult[]): string {
  const ratios = results.map((result) => kernelRatio(result).ratio).sort((a, b) => a - b);
  return `${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}`;
}

/** The geometric mean of independent ratios; on the logarithm, half widths of intervals add as squares do. */
export function geometricMean(ratios: readonly RatioInterval[]): RatioInterval {
  const logs = ratios.map(({ ratio }) => Math.log(ratio));
  const halves = ratios.map(({ low, high }) => Math.log(high / low) / 2);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const half = Math.sqrt(halves.reduce((sum, width) => sum + width * width, 0)) / logs.length;
  return { ratio: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) };
}
