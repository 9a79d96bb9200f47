import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { compileModel } from '../native/compile-model.js';
import { NativeProgram, nativeCapabilities } from '../native/open-native.js';
import { detectState } from './detect-state.js';
import { Session } from './session.js';
import type { Stepper } from './stepper.js';

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

function expectSame(actual: Tensor | undefined, expected: Tensor): void {
  expect(actual?.dims).toEqual(expected.dims);
  expect(actual?.toFloat32()).toEqual(expected.toFloat32());
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

const [HEADS, SIZE] = [3, 8];
const PARTS = ['key', 'value'] as const;

/** Attention over a cache of keys and values [batch, heads, positions, size], as exporters write it out. */
function writtenOut(): Model {
  const g = new GraphBuilder('decoder', { opset: 17 });
  const [query, ...past] = pastInputs(g);
  const [key, value] = PARTS.map((part, i) =>
    g.op('Concat', [past[i], g.input(part, 'float32', ['b', HEADS, 'new', SIZE])], { axis: 2 }),
  );
  const scores = g.op('MatMul', [query!, g.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  const scaled = g.op('Mul', [scores, g.constant(0.25, 'float32')]);
  const mixed = g.op('MatMul', [g.op('Softmax', [scaled], { axis: -1 }), value]);
  return withPresent(g, mixed, [key!, value!]);
}

function pastInputs(g: GraphBuilder): Value[] {
  const query = g.input('query', 'float32', ['b', HEADS, 'new', SIZE]);
  return [query, ...PARTS.map((part) => g.input(`past_${part}`, 'float32', ['b', HEADS, 'past', SIZE]))];
}

function withPresent(g: GraphBuilder, y: Value, present: readonly Value[]): Model {
  g.output(y, 'y', 'float32', ['b', HEADS, 'new', SIZE]);
  present.forEach((value, i) => g.output(value, `present_${PARTS[i]}`, 'float32', ['b', HEADS, 'all', SIZE]));
  return g.model();
}

/** The same in one operator of the standard, where a query sees no later key. */
function inOne(): Model {
  const g = new GraphBuilder('decoder', { opset: 23 });
  const [query, ...past] = pastInputs(g);
  const fresh = PARTS.map((part) => g.input(part, 'float32', ['b', HEADS, 'new', SIZE]));
  const [y, ...present] = g.ops('Attention', [query, ...fresh, undefined, ...past], { is_causal: 1 }, { outputs: 3 });
  return withPresent(g, y!, present);
}

/** Query, key and value of positions [first, first + count). */
function tokens(first: number, count: number, seed = 0) {
  const part = (phase: number) =>
    Tensor.of(
      'float32',
      [1, HEADS, count, SIZE],
      Float32Array.from({ length: HEADS * count * SIZE }, (_, i) => {
        const [head, position] = [Math.floor(i / (count * SIZE)), first + (Math.floor(i / SIZE) % count)];
        return Math.sin(seed + phase + head + 0.37 * position * (1 + (i % SIZE)));
      }),
    );
  return { query: part(0), key: part(1), value: part(2) };
}

test.each([
  ['written out', writtenOut],
  ['in one operator', inOne],
])('a cache of keys and values %s grows where it lies', async (_, model) => {
  const graph = model();
  const plan = compileModel(graph, { capabilities: nativeCapabilities() });
  const program = new NativeProgram(plan, graph, detectState(graph));
  const notes = program.notes();
  expect(notes.map(({ operator }) => operator).sort()).toEqual(['Attention4D', 'Concat', 'Concat']);
  expect(notes.filter(({ note }) => note === 'appends to the state where it lies')).toHaveLength(2);
  program.dispose();
});

test('token by token gives what the whole sequence gives, bit by bit', async () => {
  const session = await Session.open(inOne(), { engine: 'native' });
  const [slow, whole] = [session.stepper(), session.stepper()];
  const all = await whole.step(tokens(0, 150));
  const y = all['y']!.toFloat32();
  for (let i = 0; i < 150; ++i) {
    const { y: one } = await slow.step(tokens(i, 1), { outputs: ['y'] });
    const expected = Array.from({ length: HEADS }, (_, head) => [
      ...y.subarray((head * 150 + i) * SIZE, (head * 150 + i + 1) * SIZE),
    ]);
    expect([...one!.toFloat32()]).toEqual(expected.flat());
  }
  const next = [await slow.step(tokens(150, 2)), await whole.step(tokens(150, 2))];
  for (const name of ['y', 'present_key', 'present_value']) expectSame(next[0]![name], next[1]![name]!);
  await session.dispose();
});

test('a cache that is handed out, fed to another sequence or left by a run that is stopped stays what it was', async () => {
  const model = writtenOut();
  const [native, ort] = [await Session.open(model, { engine: 'native' }), await Session.open(model)];
  const [a, b, expectedA, expectedB] = [native.stepper(), native.stepper(), ort.stepper(), ort.stepper()];
  const both = async (actual: Stepper, expected: Stepper, feeds: Readonly<Record<string, Tensor>>) => {
    const [got, wanted] = [await actual.step(feeds), await expected.step(feeds)];
    for (const part of PARTS) expectSame(got[`present_${part}`], wanted[`present_${part}`]!);
    // Sums of at most 40 products of numbers of at most 1, in another order.
    const [y, near] = [got['y']!.toFloat32(), wanted['y']!.toFloat32()];
    y.forEach((value, i) => expect(Math.abs(value - near[i]!)).toBeLessThan(40 * 2 ** -23));
    return got;
  };
  const held = await both(a, expectedA, tokens(0, 9));
  const copies = PARTS.map((part) => [...held[`present_${part}`]!.toFloat32()]);
  const fork = { past_key: held['present_key']!, past_value: held['present_value']! };
  await both(b, expectedB, { ...tokens(9, 1, 5), ...fork });
  for (let i = 0; i < 12; ++i) {
    await both(a, expectedA, tokens(9 + i, 1));
    await both(b, expectedB, tokens(10 + i, 1, 5));
    const controller = new AbortController();
    const stopped = a.step(tokens(0, 4, 9), { signal: controller.signal }).then(
      () => true,
      () => false,
    );
    controller.abort();
    // It may have ended before it was told.
    if (await stopped) await expectedA.step(tokens(0, 4, 9));
  }
  PARTS.forEach((part, i) => expect([...held[`present_${part}`]!.toFloat32()]).toEqual(copies[i]));
  a.reset();
  expectedA.reset();
  await both(a, expectedA, tokens(3, 2));
  await native.dispose();
  await ort.dispose();
});

test('sequences that run at the same time each append to their own', async () => {
  const session = await Session.open(inOne(), { engine: 'native' });
  const run = async (stepper: Stepper, seed: number) => {
    const results: Tensor[] = [];
    for (let i = 0; i < 40; ++i)
      results.push((await stepper.step(tokens(i, 1 + (i % 2), seed), { outputs: ['y'] }))['y']!);
    return results;
  };
  const alone = [await run(session.stepper(), 1), await run(session.stepper(), 2)];
  const together = await Promise.all([run(session.stepper(), 1), run(session.stepper(), 2)]);
  alone.flat().forEach((tensor, i) => expectSame(together.flat()[i], tensor));
  await session.dispose();
});
