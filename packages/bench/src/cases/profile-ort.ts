import type { OpenedFile } from './open-model-file.js';
import type { OperatorShares } from './case-job.js';
import { ortNodeTimes, type OrtNodeTime } from './ort-node-times.js';

const RUNS = 10;

/** Runs a model file in ONNX Runtime with its profiler on; which share of the nodes' time each operator type takes. */
export async function profileOrt(file: OpenedFile, threads: number): Promise<OperatorShares> {
  return sharesOf((await ortNodeTimes(file, threads, RUNS)).values());
}

/** Times added up by operator, the largest first. */
export function sharesOf(nodes: Iterable<OrtNodeTime>): OperatorShares {
  const sums = new Map<string, number>();
  let total = 0;
  for (const { op, us } of nodes) {
    sums.set(op, (sums.get(op) ?? 0) + us);
    total += us;
  }
  return Object.fromEntries([...sums].sort((a, b) => b[1] - a[1]).map(([op, us]) => [op, total > 0 ? us / total : 0]));
}
