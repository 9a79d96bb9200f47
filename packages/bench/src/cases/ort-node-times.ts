import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typedView } from '@gossamer/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { OpenedFile } from './open-model-file.js';

/** A node as ONNX Runtime runs it, after its fusions. */
export interface OrtNodeTime {
  /** Operator type. */
  readonly op: string;
  /** Best time of a run, in whole microseconds. */
  readonly us: number;
}

const WARM_RUNS = 3;

/** Runs a model file in ONNX Runtime with its profiler on: each node by its name, and the best time of some runs. */
export async function ortNodeTimes(
  { source, feeds }: OpenedFile,
  threads: number,
  runs: number,
): Promise<Map<string, OrtNodeTime>> {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-profile-'));
  try {
    const session = await InferenceSession.create(source, {
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
    for (let i = 0; i < WARM_RUNS + runs; i++) await session.run(tensors);
    session.endProfiling();
    await session.release();
    const file = readdirSync(folder).find((name) => name.endsWith('.json'));
    if (file === undefined) throw new Error('ONNX Runtime wrote no profile');
    return bestTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What ONNX Runtime writes of a run of a node. */
export interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const KERNEL = '_kernel_time';

/** The best time of each node, since the first runs are slow. */
export function bestTimes(events: readonly ProfileEvent[]): Map<string, OrtNodeTime> {
  const best = new Map<string, OrtNodeTime>();
  for (const { cat, name, dur, args } of events) {
    const op = args?.op_name;
    if (cat !== 'Node' || op === undefined || !name.endsWith(KERNEL)) continue;
    const node = name.slice(0, -KERNEL.length);
    best.set(node, { op, us: Math.min(dur, best.get(node)?.us ?? Infinity) });
  }
  return best;
}
