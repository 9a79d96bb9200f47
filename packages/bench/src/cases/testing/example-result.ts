import type { RatioInterval } from '../../harness/summary.js';
import type { CaseResult } from '../case-result.js';

/** A result with the ratio that is asked for; the peer takes 100 us. */
export function exampleResult(name: string, ratio: RatioInterval, facts: CaseResult['facts'] = {}): CaseResult {
  const summary = (median: number) => ({
    median,
    low: median * 0.99,
    high: median * 1.01,
    min: median,
    p95: median,
    n: 30,
  });
  const times = (engine: string, median: number) => ({ engine, us: summary(median), callUs: undefined });
  return {
    ...{ id: `${name} @1`, name, group: 'g', threads: 1, facts },
    subject: times('native', 100 / ratio.ratio),
    peer: times('ort', 100),
    ...{ ratio, netRatio: undefined, cpuRatio: undefined, bestRatio: ratio.ratio, gops: { subject: 10, peer: 5 } },
    difference: { relative: 0, elements: 0, of: 1 },
    ...{ reference: summary(900), pinned: [1], load: { loadBefore: 0, loadAfter: 1, stealShare: 0 }, warnings: [] },
  };
}
