import { GossamerError } from '@gossamer/graph';
import { breakEvenTable } from '../cases/break-even.js';
import { isMeasured } from '../cases/case-result.js';
import { readShapes } from '../cases/kernel-case.js';
import { kernelClaims } from '../cases/kernel-claims.js';
import { failureTable, gopsPlot, kernelTables, peakTable, ratioPlots } from '../cases/kernel-report.js';
import { measureSparsePeers, sparsePeerClaim, sparsePeerTable } from '../cases/sparse-peers.js';
import { chosen, measureKernels, measurePeaks } from '../cases/measure-cases.js';
import type { SuiteFindings } from '../harness/suite-result.js';
import { isOurs, type Suite, type SuiteContext } from '../harness/suite.js';

/** Seconds of pairs behind each case on one thread. */
const SECONDS = 1;
const QUICK_SECONDS = 0.5;

/** One-operator models on two engines. */
export const kernels: Suite = {
  name: 'kernels',
  isTimed: true,
  about: 'one-operator models: dense int8 and float, 4-bit and sparse products on engine native beside ONNX Runtime',
  run: (context) => measureShapes('kernels', SECONDS, context),
};

/** A minute's worth of the same. */
export const quick: Suite = {
  name: 'quick',
  isTimed: true,
  about: 'a minute of the kernels suite: one case of each kind',
  run: (context) => measureShapes('quick', QUICK_SECONDS, context),
};

async function measureShapes(file: string, seconds: number, context: SuiteContext): Promise<SuiteFindings> {
  const { engines } = context;
  const cases = readShapes(file);
  if (chosen(cases, context).length === 0) {
    throw new GossamerError(
      'ERR_SUITE',
      `filter: expected a part of a case's name, received none's; names: ${cases[0]!.name}, ...`,
    );
  }
  const peaks = await measurePeaks(context);
  const outcomes = await measureKernels(cases, context, seconds);
  const sparsePeers = await measureSparsePeers(outcomes, context);
  const sparseTable = sparsePeerTable(outcomes, sparsePeers);
  const failures = failureTable(outcomes);
  const failed = outcomes.filter((outcome) => !isMeasured(outcome)).length;
  const noisy = outcomes.filter(isMeasured).filter(({ warnings }) => warnings.length > 0).length;
  const breakEven = breakEvenTable(outcomes);
  return {
    summary: summary(engines),
    claims:
      file === 'kernels' && isOurs(engines) ? [...kernelClaims(outcomes), sparsePeerClaim(outcomes, sparsePeers)] : [],
    tables: [
      peakTable(peaks),
      ...(breakEven ? [breakEven] : []),
      ...kernelTables(outcomes, peaks, engines),
      ...(sparseTable ? [sparseTable] : []),
      ...(failures ? [failures] : []),
    ],
    plots: [...gopsPlot(outcomes, peaks, engines, ['int8 and float, dense']), ...ratioPlots(outcomes, engines)],
    warnings: [
      ...(failed > 0 ? [`${failed} of ${outcomes.length} cases could not be measured`] : []),
      ...(noisy > 0 ? [`${noisy} of ${outcomes.length} cases were disturbed; they are marked`] : []),
    ],
    data: { peaks, cases: outcomes, sparsePeers },
  };
}

function summary([subject, peer]: readonly [string, string]): string {
  return [
    `Each case is a model of one operator (or of equal layers in a row), open on ${subject} and on ${peer} in one fresh process that is kept on as many`,
    `CPUs as it has threads. The two take turns, A B, B A, in bursts of about 6 ms, of which the median run counts. "faster" is the median of the paired ratios ${peer} / ${subject} of whole`,
    'calls from Node, with its 95 % bootstrap interval. "net of calls" takes off the least a call costs that computes nothing (Identity with the same output),',
    'each engine its own; it is left out where that is most of the time. "best, net" is the same of the shortest times, which a busy machine disturbs least. GOPS count two operations a multiply-add, zeros of a mask too, call cost taken',
    'off; "of peak" is beside a loop of nothing but multiply-adds in registers on as many threads. Times are medians.',
  ].join('\n');
}
