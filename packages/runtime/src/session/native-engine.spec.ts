import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { join } from 'node:path';
import { Session } from './session.js';

const LENET = join(__dirname, '../../../../fixtures/models/lenet-5.onnx');

const waves = (...dims: number[]) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7)),
  );
};

/** A layer, a determinant, which the native engine lacks, and a layer of it. */
function mixed(): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const x = g.input('x', 'float32', ['n', 4, 4]);
  const a = g.op('Relu', [g.op('MatMul', [x, g.weight('first', [4, 4], new Float32Array(waves(4, 4).toFloat32()))])]);
  const d = g.op('Unsqueeze', [g.op('Det', [a], {}, { name: 'determinant' }), g.constant([1])]);
  const b = g.op('MatMul', [d, g.weight('second', [1, 3], new Float32Array([1, 2, 3]))]);
  const corner = g.op('Slice', [a, g.constant([0, 0]), g.constant([3, 1]), g.constant([1, 2])]);
  return g
    .output(g.op('Add', [b, g.op('Squeeze', [corner, g.constant([2])])]), 'y')
    .output(a, 'a')
    .model();
}

async function expectLikeOrt(model: Model | string | Uint8Array, engine: string, feeds: Record<string, Tensor>) {
  const [session, ort] = [await Session.open(model, { engine, threads: 1 }), await Session.open(model)];
  try {
    expect(session.inputs).toMatchObject(ort.inputs);
    const [actual, expected] = [await session.run(feeds), await ort.run(feeds)];
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [name, tensor] of Object.entries(expected)) {
      expect(actual[name]!.dims).toEqual(tensor.dims);
      const [got, want] = [actual[name]!.toFloat64(), tensor.toFloat64()];
      const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      // Float32 sums of under a thousand terms in two orders, layer after layer.
      want.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * most));
    }
    return session;
  } finally {
    await session.dispose();
    await ort.dispose();
  }
}

test.each([1, 3])('lenet-5 on the native engine, batch %d: path, bytes and graph', async (n) => {
  const model = await loadModel(LENET);
  for (const source of [LENET, serializeModel(model), model]) {
    const session = await expectLikeOrt(source, 'native', { input: waves(n, 1, 28, 28) });
    expect(session.report).toBeUndefined();
  }
});

test('outputs that are not wanted are not given', async () => {
  const session = await Session.open(mixed(), { engine: 'auto' });
  expect(Object.keys(await session.run({ x: waves(2, 4, 4) }, { outputs: ['a'] }))).toEqual(['a']);
  await session.dispose();
});

test('an operator that the native engine lacks is named', async () => {
  await expect(Session.open(mixed(), { engine: 'native' })).rejects.toMatchObject({
    code: 'ERR_ENGINE_COVERAGE',
    message: expect.stringContaining('Det (determinant') as string,
    cause: { nodes: [{ operator: 'Det', node: 'determinant' }] },
  });
});

test('auto gives ONNX Runtime what the native engine lacks, and says so', async () => {
  const { report } = await expectLikeOrt(mixed(), 'auto', { x: waves(2, 4, 4) });
  expect(report!.segments.map(({ engine }) => engine)).toEqual(['native', 'ort', 'native']);
  expect(report!.segments[1]!.nodes).toEqual(['determinant']);
  expect(report!.reasons).toEqual([expect.objectContaining({ node: 'determinant', operator: 'Det' })]);
});

test('operators are measured by node, what ONNX Runtime runs as a whole', async () => {
  const session = await Session.open(mixed(), { engine: 'auto', threads: 1 });
  session.profile(true);
  for (let i = 0; i < 3; i++) await session.run({ x: waves(2, 4, 4) });
  const times = session.profile(false);
  expect(times.filter(({ engine }) => engine === 'ort')).toEqual([
    { engine: 'ort', node: 'determinant', operator: 'Det', note: '', milliseconds: expect.any(Number) as number },
  ]);
  expect(times.filter(({ operator }) => operator === 'Linear')).toHaveLength(2);
  for (const { milliseconds } of times) expect(milliseconds).toBeGreaterThan(0);
  await session.dispose();
  expect(() => session.profile(true)).toThrow(expect.objectContaining({ code: 'ERR_ENGINE' }));
  const ort = await Session.open(mixed());
  expect(() => ort.profile(true)).toThrow(expect.objectContaining({ code: 'ERR_ENGINE' }));
  await ort.dispose();
});

test('auto is the native engine where that lacks nothing', async () => {
  const { report } = await expectLikeOrt(LENET, 'auto', { input: waves(2, 1, 28, 28) });
  expect(report!.segments.map(({ engine }) => engine)).toEqual(['native']);
  expect(report!.reasons).toEqual([]);
});

test('auto without a layer for the native engine is ONNX Runtime', async () => {
  const g = new GraphBuilder('net', { opset: 17 });
  const x = g.input('x', 'float32', ['n', 4, 4]);
  const model = g.output(g.op('Relu', [g.op('Det', [g.op('Neg', [x])])]), 'y').model();
  const { report } = await expectLikeOrt(model, 'auto', { x: waves(2, 4, 4) });
  expect(report!.segments.map(({ engine }) => engine)).toEqual(['ort']);
});
