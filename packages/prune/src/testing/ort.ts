import type { Model } from '@gossamer/graph';
import { type Feeds, type Outputs, Session } from '@gossamer/runtime';

/** Runs a model in ONNX Runtime, one thread. */
export async function runOrt(model: Model, feeds: Feeds): Promise<Outputs> {
  const session = await Session.open(model, { engine: 'ort', threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}
