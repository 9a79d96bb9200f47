import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typedView } from '@gossamer/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { OpenedFile } from './open-model-file.js';
import type { OperatorShares } from './case-job.js';

const WARM_RUNS = 3;
const RUNS = 10;

/** Runs a model file in ONNX Runtime with its profiler on; which share of the nodes' time each operator type takes. */
export async function profileOrt({ source: path, feeds }: OpenedFile, threads: number): Promise<OperatorShares> {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-profile-'));
  try {
    const session = await InferenceSession.create(path, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'ort'),
    });
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [
        name,
        new Tensor(tensor.dtype as 'float32', typedView(tensor) as Float32Array, tensor.dims),
      ]),
    );
    for (let i = 0; i < WARM_RUNS + RUNS; i++) await session.run(tensors);
    session.endProfiling();
    await session.release();
    const file = readdirSync(folder).find((name) => name.endsWith('.json'));
    if (file === undefined) throw new Error('ONNX Runtime wrote no profile');
    return sharesOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/** The best time of each node, since the first runs are slow, added up by operator. */
export function sharesOf(events: readonly ProfileEvent[]): OperatorShares {
  const best = new Map<string, { op: string; us: number }>();
  for (const { cat, name, dur, args } of events) {
    const op = args?.op_name;
    if (cat !== 'Node' || op === undefined || !name.endsWith('_kernel_time')) continue;
    const known = best.get(name);
    if (!known || dur < known.us) best.set(name, { op, us: dur });
  }
  const sums = new Map<string, number>();
  let total = 0;
  for (const { op, us } of best.values()) {
    sums.set(op, (sums.get(op) ?? 0) + us);
    total += us;
  }
  return Object.fromEntries([...sums].sort((a, b) => b[1] - a[1]).map(([op, us]) => [op, total > 0 ? us / total : 0]));
}
