import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { allocateAligned } from '@gossamer/kernels';
import { join } from 'node:path';
import { Session } from './session.js';

const ENGINES = ['native', 'ort', 'auto', 'reference'];
const SILERO = join(__dirname, '../../../../node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx');

/** Outputs of every kind: computed, twice the same, an input and a constant under other names, integers, bools; [n, 64] but for s. */
function net(): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const x = g.input('x', 'float32', ['n', 64]);
  const w = g.input('w', 'float32', [64, 64]);
  const y = g.op('Relu', [g.op('MatMul', [x, w])]);
  g.output(y, 'y', 'float32', ['n', 64]);
  g.output(g.op('Identity', [y]), 'twin', 'float32', ['n', 64]);
  g.output(g.op('Neg', [y]), 'minus', 'float32', ['n', 64]);
  g.output(g.op('Identity', [x]), 'again', 'float32', ['n', 64]);
  g.output(g.op('Identity', [g.constant([1.5, 2.5], 'float32')]), 'fixed', 'float32', [2]);
  g.output(g.op('Greater', [y, g.constant(1, 'float32')]), 'b', 'bool', ['n', 64]);
  return g.output(g.op('Shape', [x]), 's', 'int64', [2]).model();
}

const wave = (array: Float32Array): Float32Array => array.map((_, i) => Math.sin(i * 0.7));

function feedsOf(rows: number, isAligned: boolean) {
  const make = (length: number) => (isAligned ? allocateAligned(Float32Array, length) : new Float32Array(length));
  const [x, w] = [make(rows * 64), make(64 * 64)];
  x.set(wave(x));
  w.set(wave(w));
  return { x: Tensor.of('float32', [rows, 64], x), w: Tensor.of('float32', [64, 64], w) };
}

/** Memory for every output, somewhere in a larger buffer or where the engine would put it. */
function targetsOf(rows: number, isAligned: boolean): Record<string, Tensor> {
  const floats = (length: number) =>
    isAligned ? allocateAligned(Float32Array, length) : new Float32Array(new ArrayBuffer(length * 4 + 12), 12, length);
  const matrix = () => Tensor.of('float32', [rows, 64], floats(rows * 64));
  return {
    y: matrix(),
    twin: matrix(),
    minus: matrix(),
    again: matrix(),
    fixed: Tensor.of('float32', [2], floats(2)),
    b: Tensor.of('bool', [rows, 64], new Uint8Array(rows * 64)),
    s: Tensor.of('int64', [2], new BigInt64Array(2)),
  };
}

const contents = (outputs: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, [tensor.dims, [...tensor.bytes()]]]));

describe.each(ENGINES)('into on %s', (engine) => {
  let session: Session;
  beforeAll(async () => {
    session = await Session.open(net(), { engine, threads: 2 });
  });
  afterAll(async () => session.dispose());

  test.each([true, false])('every output lies where it is to, aligned memory: %s', async (isAligned) => {
    const feeds = feedsOf(5, isAligned);
    const before = contents(feeds);
    const expected = contents(await session.run(feeds));
    for (let run = 0; run < 4; run++) {
      const into = targetsOf(5, isAligned);
      const outputs = await session.run(feeds, { into });
      for (const [name, tensor] of Object.entries(into)) expect(outputs[name]).toBe(tensor);
      expect(contents(into)).toEqual(expected);
    }
    expect(contents(feeds)).toEqual(before);
  });

  test('some outputs lie where they are to, others are new; sizes may change', async () => {
    for (const rows of [1, 7, 3]) {
      const feeds = feedsOf(rows, true);
      const expected = contents(await session.run(feeds));
      const { minus } = targetsOf(rows, true);
      const outputs = await session.run(feeds, { outputs: ['minus', 'y'], into: { minus: minus! } });
      expect(outputs['minus']).toBe(minus);
      expect(contents(outputs)).toEqual({ minus: expected['minus'], y: expected['y'] });
    }
  });

  test('memory may be one piece as long as nothing overlaps', async () => {
    const rows = 4;
    const flat = allocateAligned(Float32Array, 3 * rows * 64);
    const part = (i: number) => Tensor.of('float32', [rows, 64], flat.subarray(i * rows * 64, (i + 1) * rows * 64));
    const { w } = feedsOf(rows, true);
    flat.set(wave(new Float32Array(rows * 64)));
    const expected = contents(await session.run({ x: part(0), w }, { outputs: ['minus', 'y'] }));
    const outputs = await session.run(
      { x: part(0), w },
      { outputs: ['minus', 'y'], into: { minus: part(1), y: part(2) } },
    );
    expect(contents(outputs)).toEqual(expected);
    for (const into of [{ y: part(0) }, { y: part(1), minus: part(1) }]) {
      await expect(session.run({ x: part(0), w }, { into })).rejects.toMatchObject({ code: 'ERR_FEEDS' });
    }
  });

  test('what overlaps by a byte, has another type or size, no memory, or is not asked for is refused', async () => {
    const feeds = feedsOf(2, false);
    const buffer = new ArrayBuffer(4096);
    const at = (offset: number) => Tensor.of('float32', [2, 64], new Float32Array(buffer, offset, 128));
    const detached = new Float32Array(128);
    const gone = Tensor.of('float32', [2, 64], detached);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const lazy = Tensor.fromStorage('float32', [2, 64], { byteLength: 512, read: (a, b) => new Uint8Array(b - a) });
    const shared = Tensor.of('float32', [2, 64], new Float32Array(new SharedArrayBuffer(512)));
    const cases: [Record<string, Tensor>, string[]?][] = [
      [{ y: at(0), minus: at(508) }],
      [{ y: at(0), minus: at(0) }],
      [{ y: feeds.x }],
      [{ y: Tensor.of('float32', [2, 64], new Float32Array(128)) }, ['s']],
      [{ y: Tensor.of('int32', [2, 64], new Int32Array(128)) }],
      [{ y: Tensor.of('float32', [128], new Float32Array(128)) }],
      [{ y: Tensor.of('float32', [4, 32], new Float32Array(128)) }],
      [{ s: Tensor.of('int64', [3], new BigInt64Array(3)) }],
      [{ nothing: at(0) }],
      [{ y: gone }],
      [{ y: lazy }],
      [{ y: shared }],
      [{ y: Tensor.ofStrings([0, 64], []) }],
    ];
    for (const [into, outputs] of cases) {
      const run = session.run(feeds, { into, ...(outputs ? { outputs } : {}) });
      await expect(run).rejects.toMatchObject({ code: 'ERR_FEEDS' });
    }
  });

  test('a size that shows only in the run is refused there', async () => {
    const run = session.run(feedsOf(2, true), { into: { y: targetsOf(3, true)['y']! } });
    await expect(run).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_(ENGINE_)?FEEDS$|^ERR_ORT_RUN$/) as string,
    });
    const feeds = feedsOf(2, true);
    const into = targetsOf(2, true);
    expect(contents(await session.run(feeds, { into }))).toEqual(contents(await session.run(feeds)));
  });
});

test('a run that is stopped midway rejects with the reason; the memory serves the next one', async () => {
  const g = new GraphBuilder('chain', { opset: 17 });
  const x = g.input('x', 'float32', [512, 512]);
  const w = g.input('w', 'float32', [512, 512]);
  let y = x;
  for (let i = 0; i < 60; i++) y = g.op('Tanh', [g.op('MatMul', [y, w])]);
  const session = await Session.open(g.output(y, 'y', 'float32', [512, 512]).model(), { engine: 'native', threads: 1 });
  const matrix = () => Tensor.of('float32', [512, 512], wave(allocateAligned(Float32Array, 512 * 512)));
  const aligned = (from: Tensor) => {
    const array = allocateAligned(Float32Array, from.length);
    array.set(from.toFloat32());
    return Tensor.of('float32', from.dims, array);
  };
  const feeds = { x: aligned(matrix()), w: aligned(matrix()) };
  const into = { y: aligned(matrix()) };
  const stop = new AbortController();
  const stopped = session.run(feeds, { into, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('enough')), 5);
  await expect(stopped).rejects.toThrow('enough');
  await session.run(feeds, { into });
  expect(Buffer.compare(into.y.bytes(), (await session.run(feeds))['y']!.bytes())).toBe(0);
  await session.dispose();
});

test.each(['native', 'ort'])(
  'steps of a recurrent model write to the same memory again and again on %s',
  async (engine) => {
    const session = await Session.open(SILERO, { engine, threads: 1 });
    const feeds = {
      sr: Tensor.scalar('int64', 16000),
      input: Tensor.of('float32', [1, 576], wave(new Float32Array(576))),
    };
    const into = { output: Tensor.of('float32', [1, 1], allocateAligned(Float32Array, 1)) };
    const [given, plain] = [session.stepper(), session.stepper()];
    for (let step = 0; step < 4; step++) {
      await given.step(feeds, { outputs: ['output'], into });
      const expected = await plain.step(feeds, { outputs: ['output'] });
      expect(into.output.item()).toBe(expected['output']!.item());
    }
    await session.dispose();
  },
);
