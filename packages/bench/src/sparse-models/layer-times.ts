import { Session } from '@gossamer/runtime';
import { openModelFile } from '../cases/open-model-file.js';

/** A product on the native engine. */
export interface LayerTime {
  readonly node: string;
  /** The kernel that it runs, and why. */
  readonly note: string;
  /** Best time of a run, in microseconds. */
  readonly us: number;
}

const PRODUCTS = new Set(['Int8Conv', 'Int8Linear', 'ConvNhwc', 'Linear']);
const RUNS = 30;

/** Every product of a model file with constant weights on the native engine: its kernel and the least time of some runs, one thread. */
export async function layerTimes(path: string, signal?: AbortSignal, runs = RUNS): Promise<LayerTime[]> {
  const { source, feeds } = await openModelFile(path, {});
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
        best.set(node, { node, note, us });
      }
    }
    return [...best.values()];
  } finally {
    await session.dispose();
  }
}
