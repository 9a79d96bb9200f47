import { Session } from '@gossamer/runtime';
import { openModelFile } from '../cases/open-model-file.js';
import { ortNodeTimes, type OrtNodeTime } from '../cases/ort-node-times.js';

/** A product on the native engine, and in ONNX Runtime. */
export interface LayerTime {
  readonly node: string;
  /** The kernel that it runs, and why. */
  readonly note: string;
  /** Best time of a run, in microseconds. */
  readonly us: number;
  /** The same of ONNX Runtime, in whole microseconds; undefined: no node of that name is left after its fusions. */
  readonly ortUs: number | undefined;
}

const PRODUCTS = new Set(['Int8Conv', 'Int8Linear', 'ConvNhwc', 'Linear']);
const RUNS = 30;

/** Every product of a model file with constant weights on the native engine: its kernel and the least time of some runs here and in ONNX Runtime, one thread. */
export async function layerTimes(path: string, signal?: AbortSignal, runs = RUNS): Promise<LayerTime[]> {
  const file = await openModelFile(path, {});
  const { source, feeds } = file;
  const peer = await ortNodeTimes(file, 1, runs);
  const session = await Session.open(source, { engine: 'native', threads: 1 });
  try {
    const best = new Map<string, LayerTime>();
    await session.run(feeds);
    for (let run = 0; run < runs; run++) {
      signal?.throwIfAborted();
      session.profile(true);
      await session.run(feeds);
      for (const { node, operator, note, milliseconds } of session.profile(false)) {
        if (!PRODUCTS.has(operator)) continue;
        const us = Math.min(1000 * milliseconds, best.get(node)?.us ?? Infinity);
        best.set(node, { node, note, us, ortUs: timeOf(node, peer) });
      }
    }
    return [...best.values()];
  } finally {
    await session.dispose();
  }
}

/** ONNX Runtime calls a fused node as its product was called, sometimes with a number behind it. */
function timeOf(node: string, peer: ReadonlyMap<string, OrtNodeTime>): number | undefined {
  const own = [...peer].find(([name]) => name.replace(/_token_\d+$/, '') === node);
  return own?.[1].us;
}
