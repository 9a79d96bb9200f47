import type { Model, Tensor } from '@gossamer/graph';
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

/** ‖a - b‖ / ‖a‖ over all elements. */
export function relativeError(a: Tensor, b: Tensor): number {
  const [x, y] = [a.toFloat64(), b.toFloat64()];
  expect(b.dims).toEqual(a.dims);
  let [change, whole] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    change += (x[i]! - y[i]!) ** 2;
    whole += x[i]! ** 2;
  }
  return Math.sqrt(change / whole);
}

/** Operators of a model in order, all scopes. */
export function opsOf(model: Model): string[] {
  return [...model.scopes()].flatMap((scope) => Array.from(scope.nodes(), ({ op }) => op));
}
