import { GraphBuilder, Tensor } from '@gossamer/graph';
import { Session } from './session.js';

/** A cache that grows: present = past with x behind it, y its sum; and a counter that a layer turns. */
function cache() {
  const g = new GraphBuilder('cache', { opset: 17 });
  const x = g.input('x', 'float32', ['b', 'new', 4]);
  const past = g.input('past_key', 'float32', ['b', 'past', 4]);
  const count = g.input('h0', 'float32', ['b', 4]);
  const present = g.op('Concat', [past, x], { axis: 1 });
  const turned = g.op('MatMul', [
    count,
    g.weight('w', [4, 4], new Float32Array([0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0])),
  ]);
  g.output(g.op('ReduceSum', [present, g.constant([1])], { keepdims: 0 }), 'y', 'float32', ['b', 4]);
  g.output(present, 'present_key', 'float32', ['b', 'all', 4]);
  g.output(g.op('Add', [turned, g.constant(1, 'float32')]), 'hn', 'float32', ['b', 4]);
  return g.model();
}

const step = (i: number, length: number): Tensor =>
  Tensor.fromNumbers(
    'float32',
    [1, length, 4],
    Array.from({ length: 4 * length }, (_, k) => i + k / 8),
  );

test.each([
  ['growing', (i: number) => 1 + (i % 3)],
  ['of one size', () => 0],
])('state %s is carried inside the native engine as from run to run outside it', async (_, lengthOf) => {
  const [native, ort] = [await Session.open(cache(), { engine: 'native' }), await Session.open(cache())];
  const [inside, outside] = [native.stepper(), ort.stepper()];
  for (let round = 0; round < 2; ++round) {
    for (let i = 0; i < 12; ++i) {
      const feeds = { x: step(i, lengthOf(i)) };
      const expected = await outside.step(feeds);
      // State that nobody asks for stays where it is.
      const actual = await inside.step(feeds, { outputs: i % 4 === 3 ? ['y', 'hn', 'present_key'] : ['y'] });
      for (const [name, tensor] of Object.entries(actual)) {
        expect(tensor.dims).toEqual(expected[name]!.dims);
        expect(tensor.toFloat32()).toEqual(expected[name]!.toFloat32());
      }
    }
    inside.reset();
    outside.reset();
  }
  await native.dispose();
  await ort.dispose();
});

test('two sequences of one session do not mix, and a fed state takes the place of the carried one', async () => {
  const session = await Session.open(cache(), { engine: 'native' });
  const [a, b] = [session.stepper(), session.stepper()];
  await Promise.all([a.step({ x: step(1, 2) }), b.step({ x: step(5, 1) })]);
  const [{ present_key: ofA }, { present_key: ofB }] = await Promise.all([
    a.step({ x: step(2, 1) }),
    b.step({ x: step(6, 1), past_key: step(0, 3) }),
  ]);
  expect(ofA!.dims).toEqual([1, 3, 4]);
  expect(ofB!.dims).toEqual([1, 4, 4]);
  expect([...ofB!.toFloat32()].slice(0, 12)).toEqual([...step(0, 3).toFloat32()]);
  await session.dispose();
});
