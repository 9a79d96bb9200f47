import type { Claim, SuiteResult } from './suite-result.js';
import type { RatioInterval } from './summary.js';

/** On what machine, with what, when. */
export function machineLines({ environment: e, load, seconds }: Omit<SuiteResult, 'markdown'>): string[] {
  const after = load ? `, at the end ${load.loadAfter}` : '';
  const steal = load?.stealShare ? `, ${(load.stealShare * 100).toFixed(1)} % of processor time stolen` : '';
  return [
    `${e.cpu}, ${e.cores} cores (${[...e.cpuFlags].join(' ') || 'flags unknown'}; kernels: ${e.isa}), ${e.memoryGb} GB`,
    `${e.system}, Node ${e.node}, onnxruntime-node ${e.onnxruntime}`,
    `commit ${e.commit}, ${e.measuredAt}, load at start ${e.loadAtStart}${after}${steal}, ${seconds.toFixed(0)} s`,
  ];
}

/** What a claim came to, in Markdown. */
export function verdict(holds: Claim['holds']): string {
  if (holds === undefined) return 'not measured';
  return holds === true ? 'holds' : holds === false ? '**does not hold**' : holds;
}

/** Whether a ratio is at least `least`, as far as its interval tells. */
export function isAtLeast({ low, high }: RatioInterval, least: number): boolean | 'undecided' {
  return low >= least ? true : high < least ? false : 'undecided';
}
