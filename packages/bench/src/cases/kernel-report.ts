import { bestRate, type MachinePeak } from '../harness/measure-peak.js';
import type { Plot } from '../harness/plot.js';
import type { Table } from '../harness/suite-result.js';
import type { SuiteContext } from '../harness/suite.js';
import type { RatioInterval } from '../harness/summary.js';
import { type CaseOutcome, type CaseResult, type EngineTimes, isMeasured } from './case-result.js';

type Engines = SuiteContext['engines'];

/** The ratio to judge a kernel by: without the cost of the calls where it could be told apart. */
export const kernelRatio = (result: CaseResult): RatioInterval => result.netRatio ?? result.ratio;

/** The same by the best times of each engine, call cost taken off where it could be told apart: what a busy machine disturbs least. */
export function bestKernelRatio({ subject, peer, netRatio }: CaseResult): number {
  const best = ({ us, callUs }: EngineTimes) => us.min - (netRatio ? callUs!.min : 0);
  return best(peer) / best(subject);
}

/** Of a case's kind of arithmetic, on as many threads, in GOPS; undefined where it was not measured. */
export function peakOf({ facts, threads }: CaseResult, peaks: readonly MachinePeak[]): number | undefined {
  const peak = peaks.find((candidate) => candidate.threads === threads);
  return peak && bestRate(facts['kind'] === 'float' ? peak.float : peak.int8);
}

export const ratioText = ({ ratio, low, high }: RatioInterval): string =>
  `${ratio.toFixed(2)}x (${low.toFixed(2)}-${high.toFixed(2)})`;

/** One table a group, a row a case and number of threads. */
export function kernelTables(
  outcomes: readonly CaseOutcome[],
  peaks: readonly MachinePeak[],
  [subject, peer]: Engines,
): Table[] {
  const groups = [...new Set(outcomes.map(({ group }) => group))];
  return groups.map((group) => {
    const rows = outcomes.filter((outcome) => outcome.group === group).map((outcome) => kernelRow(outcome, peaks));
    return {
      title: group,
      columns: [
        ...[
          'M x N x K',
          'threads',
          `${subject} us`,
          `${peer} us`,
          'faster',
          'net of calls',
          'best, net',
          'in CPU time',
        ],
        ...[`${subject} GOPS`, 'of peak', `${peer} GOPS`, 'of peak'],
      ],
      rows,
    };
  });
}

function kernelRow(outcome: CaseOutcome, peaks: readonly MachinePeak[]): string[] {
  if (!isMeasured(outcome)) {
    return [outcome.name, String(outcome.threads), 'not measured', ...new Array<string>(9).fill('')];
  }
  const { name, threads, subject, peer, ratio, netRatio, cpuRatio, gops } = outcome;
  const peak = peakOf(outcome, peaks);
  const share = (value: number | undefined) => (value && peak ? `${((100 * value) / peak).toFixed(0)} %` : '');
  return [
    ...[`${name}${outcome.warnings.length > 0 ? ' (noisy)' : ''}`, String(threads)],
    ...[subject.us.median, peer.us.median].map((us) => us.toFixed(1)),
    ...[ratio, netRatio].map((value) => (value ? ratioText(value) : '')),
    ...[`${bestKernelRatio(outcome).toFixed(2)}x`, cpuRatio ? ratioText(cpuRatio) : ''],
    ...[gops?.subject, gops?.peer].flatMap((value) => [value?.toFixed(0) ?? '', share(value)]),
  ];
}

/** Ratios with their intervals, one chart a group; of each number of threads one series. */
export function ratioPlots(outcomes: readonly CaseOutcome[], [subject, peer]: Engines): Plot[] {
  const measured = outcomes.filter(isMeasured);
  const threads = [...new Set(measured.map((result) => result.threads))];
  return [...new Set(measured.map(({ group }) => group))].map((group) => {
    const ofGroup = measured.filter((result) => result.group === group);
    return {
      title: `${group}: ${subject} beside ${peer}`,
      unit: `time of ${peer} / time of ${subject}, call cost taken off where it can be told apart; above 1, ${subject} is faster`,
      series: threads.map((count) => (count === 1 ? '1 thread' : `${count} threads`)),
      groups: [...new Set(ofGroup.map(({ name }) => name))].map((name) => ({
        label: name,
        bars: threads.map((count) => {
          const found = ofGroup.find((result) => result.name === name && result.threads === count);
          if (!found) return undefined;
          const { ratio, low, high } = kernelRatio(found);
          return { value: ratio, low, high };
        }),
      })),
      line: 1,
    };
  });
}

/** GOPS of both engines beside the peak, one thread. */
export function gopsPlot(
  outcomes: readonly CaseOutcome[],
  peaks: readonly MachinePeak[],
  engines: Engines,
  groups: readonly string[],
): Plot[] {
  const peak = peaks.find(({ threads }) => threads === 1);
  const measured = outcomes.filter(isMeasured).filter((result) => result.threads === 1 && result.gops);
  const int8 = measured.filter((result) => groups.includes(result.group) && result.facts['kind'] !== 'float');
  if (int8.length === 0) return [];
  const plot = {
    title: 'int8, one thread: GOPS beside the peak of the core',
    unit: '10^9 multiplications and additions a second; the line is a loop of nothing else in registers',
    series: engines,
    groups: int8.map(({ name, gops }) => ({ label: name, bars: [{ value: gops!.subject }, { value: gops!.peer }] })),
  };
  return [peak ? { ...plot, line: bestRate(peak.int8) } : plot];
}

/** Why cases were not measured, equal reasons together; undefined where all were. */
export function failureTable(outcomes: readonly CaseOutcome[]): Table | undefined {
  const reasons = new Map<string, string[]>();
  for (const outcome of outcomes) {
    if (!isMeasured(outcome)) reasons.set(outcome.error, [...(reasons.get(outcome.error) ?? []), outcome.id]);
  }
  if (reasons.size === 0) return undefined;
  const rows = [...reasons].map(([reason, ids]) => [reason, String(ids.length), ids[0]!]);
  return { title: 'Not measured', columns: ['reason', 'cases', 'the first'], rows };
}

/** What the machine can do at most. */
export function peakTable(peaks: readonly MachinePeak[]): Table {
  const rows = peaks.flatMap(({ threads, int8, float, bf16, read }) => [
    ...Object.keys(int8).map((isa) => {
      const cell = (rates: Readonly<Record<string, number | undefined>>) => rates[isa]?.toFixed(0) ?? '';
      return [`${isa}, ${threads} thread${threads === 1 ? '' : 's'}`, cell(int8), cell(float), cell(bf16), ''];
    }),
    [
      `reading, ${threads} thread${threads === 1 ? '' : 's'}`,
      ...['', '', ''],
      `L1 ${read.l1.toFixed(0)}, L2 ${read.l2.toFixed(0)}, L3 ${read.l3.toFixed(0)}, DRAM ${read.dram.toFixed(0)}`,
    ],
  ]);
  return {
    title: 'The peak of the machine',
    columns: ['', 'int8 GOPS', 'float GFLOPS', 'bfloat16 GFLOPS', 'reading GB/s'],
    rows,
  };
}
