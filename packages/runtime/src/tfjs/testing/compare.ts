import { type Model, Tensor } from '@gossamer/graph';
import type { Feeds, Outputs } from '../../session/feeds.js';
import { Session } from '../../session/session.js';

process.env['GOSSAMER_TFJS_BACKEND'] ??= 'cpu';

/** Pseudorandom floats in [-1, 1). Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014 (the 32-bit mixer). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) / 2 ** 31;
  };
}

export function randomTensor(next: () => number, ...dims: number[]): Tensor {
  const length = dims.reduce((a, b) => a * b, 1);
  return Tensor.of('float32', dims, Float32Array.from({ length }, next));
}

export async function runOn(engine: string, model: Model | string, feeds: Feeds): Promise<Outputs> {
  const session = await Session.open(model, { engine, threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** Runs a model on tfjs and on `engine`, and holds every output to `tolerance` of its largest element; integers exactly. */
export async function expectLike(engine: string, model: Model | string, feeds: Feeds, tolerance: number) {
  const [actual, expected] = [await runOn('tfjs', model, feeds), await runOn(engine, model, feeds)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    const found = actual[name]!;
    expect([found.dtype, found.dims]).toEqual([tensor.dtype, tensor.dims]);
    const [got, want] = [found.toFloat64(), tensor.toFloat64()];
    const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const allowed = tensor.dtype === 'float32' ? tolerance * most : 0;
    const wrong = want.findIndex((value, i) => !(Math.abs(got[i]! - value) <= allowed));
    expect(wrong < 0 ? 'equal' : `${name}[${wrong}]: ${got[wrong]} instead of ${want[wrong]}`).toBe('equal');
  }
  return actual;
}
