import type { Table } from '../harness/suite-result.js';
import { type CaseOutcome, type CaseResult, isMeasured } from './case-result.js';
import { bestKernelRatio } from './kernel-report.js';

/** One point of a curve: the share of zeros, and how many times as fast as the peer's dense kernel. */
interface Point {
  readonly sparsity: number;
  readonly speed: number;
  /** How many times as fast as our own dense kernel; undefined where that was not measured. */
  readonly ofOwnDense: number | undefined;
}

/** From which share of random zeros on an int8 product pays, beside the peer's dense kernel and beside our own: by the shortest times, as one disturbed case bends a whole curve. */
export function breakEvenTable(outcomes: readonly CaseOutcome[]): Table | undefined {
  const curves = new Map<string, CaseResult[]>();
  for (const outcome of outcomes.filter(isMeasured)) {
    const { facts, threads } = outcome;
    if (facts['kind'] !== 'int32' || !isRandom(String(facts['mask']))) continue;
    const key = `${facts['m']}x${facts['n']}x${facts['k']}, ${threads} thread${threads === 1 ? '' : 's'}`;
    curves.set(key, [...(curves.get(key) ?? []), outcome]);
  }
  const rows = [...curves]
    .filter(([, results]) => results.length > 2)
    .map(([key, results]) => row(key, points(results)));
  if (rows.length === 0) return undefined;
  return {
    title: 'From which sparsity on random zeros pay (by the shortest times)',
    columns: [
      'M x N x K',
      'beside the peer, dense',
      'beside our own, dense',
      ...SHOWN.map((share) => `${share * 100} %`),
    ],
    rows,
  };
}

/** Columns: times as fast as the peer's dense kernel at these shares of zeros. */
const SHOWN = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

const isRandom = (mask: string) => mask === 'dense' || /^\d+%$/.test(mask);

function points(results: readonly CaseResult[]): Point[] {
  const dense = results.find(({ facts }) => facts['mask'] === 'dense');
  const time = ({ subject, netRatio }: CaseResult) => subject.us.min - (netRatio ? subject.callUs!.min : 0);
  return results
    .map((result) => ({
      sparsity: result.facts['mask'] === 'dense' ? 0 : Number.parseFloat(String(result.facts['mask'])) / 100,
      speed: bestKernelRatio(result),
      ofOwnDense: dense && time(dense) / time(result),
    }))
    .sort((a, b) => a.sparsity - b.sparsity);
}

function row(key: string, curve: readonly Point[]): string[] {
  const own = curve.flatMap(({ sparsity, ofOwnDense }) =>
    ofOwnDense === undefined ? [] : [[sparsity, ofOwnDense] as const],
  );
  const shown = SHOWN.map((share) => curve.find(({ sparsity }) => Math.abs(sparsity - share) < 0.005)?.speed);
  return [
    key,
    describe(breakEven(curve.map(({ sparsity, speed }) => [sparsity, speed] as const))),
    // At 0 both are the same measurement, so the first point that counts is the next.
    describe(breakEven(own.filter(([sparsity]) => sparsity > 0))),
    ...shown.map((speed) => (speed === undefined ? '' : `${speed.toFixed(2)}x`)),
  ];
}

/**
 * The share of zeros from which on the speed stays at 1 or above, linear between measured points; 0 or the first point's share: everywhere
 * measured; undefined: nowhere.
 */
export function breakEven(curve: readonly (readonly [sparsity: number, speed: number])[]): number | undefined {
  const lastBelow = curve.findLastIndex(([, speed]) => speed < 1);
  if (lastBelow === curve.length - 1) return undefined;
  if (lastBelow < 0) return curve[0]![0];
  const [[x0, y0], [x1, y1]] = [curve[lastBelow]!, curve[lastBelow + 1]!];
  return x0 + ((1 - y0) / (y1 - y0)) * (x1 - x0);
}

const describe = (share: number | undefined) =>
  share === undefined ? 'nowhere' : share === 0 ? 'everywhere' : `${(100 * share).toFixed(0)} %`;
