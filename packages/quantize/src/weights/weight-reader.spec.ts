import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { noise } from '../testing/emit-static.js';
import { quantizeChannelWeight } from './quantize-channels.js';
import { quantizeRows } from './quantize-rows.js';
import { WeightReader } from './weight-reader.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-weight-reader-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Rows of 4096 * 384 * 4 bytes: a piece and a half. */
const [ROWS, WIDTH] = [4096, 384];

function languageModel(): Model {
  const g = new GraphBuilder('g');
  const ids = g.input('ids', 'int64', ['n']);
  const table = g.weight('table', [ROWS, WIDTH], noise(ROWS * WIDTH));
  const embedded = g.op('Gather', [table, ids], {}, { name: 'embed' });
  const up = g.op('MatMul', [embedded, g.weight('up', [WIDTH, 512], noise(WIDTH * 512, 2))], {}, { name: 'up' });
  const down = g.op('Gemm', [up, g.weight('down', [64, 512], noise(64 * 512, 3))], { transB: 1 }, { name: 'down' });
  const wide = g.op('MatMul', [down, g.weight('wide', [64, 2048], noise(64 * 2048, 4))], {}, { name: 'wide' });
  return g.output(wide, 'y').model();
}

async function fromFile(model: Model, name: string): Promise<Model> {
  const path = join(folder, name);
  await saveModel(model, path);
  return loadModel(path);
}

test.each<QuantizeOptions>([
  { mode: 'dynamic' },
  { mode: 'weight-only', bits: 4 },
  { mode: 'weight-only', bits: 4, mapping: 'symmetric', edgeBits: 4 },
  { mode: 'weight-only', bits: 8, blockFormat: 'dequantize-linear' },
  { mode: 'weight-only', granularity: 'perAxis' },
])(
  'weights read from a file, in pieces and into used buffers, give the bytes of weights in memory, %o',
  async (options) => {
    const model = languageModel();
    const stored = await fromFile(model, 'model.onnx');
    expect([...stored.graph.initializers()].every(({ initializer }) => initializer!.isInFile)).toBe(true);
    const expected = await quantize(model, options);
    const actual = await quantize(stored, options);
    const codes = ({ model: { graph } }: typeof actual) =>
      Array.from(graph.initializers(), ({ name, initializer }) => [name, initializer!.hash()]);
    expect(codes(actual)).toEqual(codes(expected));
    expect(actual.report).toEqual(expected.report);
  },
);

test('rows of zeros are codes of zero with a scale that is one', async () => {
  const data = noise(64 * 8).fill(0, 8, 16);
  const g = new GraphBuilder('g');
  const model = g
    .output(g.op('Gather', [g.weight('table', [64, 8], data), g.input('ids', 'int64', ['n'])]), 'y')
    .model();
  const stored = (await fromFile(model, 'zeros.onnx')).graph.value('table')!.initializer!;
  const { codes, scale } = await quantizeRows(stored, new WeightReader());
  const whole = await quantizeChannelWeight(data, [64, 8], { dtype: 'int8', axis: 0 });
  expect(codes.bytes()).toEqual(whole.codes.bytes());
  expect(scale.toFloat32()).toEqual(whole.scale.toFloat32());
  expect(scale.toFloat32()[1]).toBeGreaterThan(0);
});

test('an abort between pieces ends the reading', async () => {
  const stored = (await fromFile(languageModel(), 'abort.onnx')).graph.value('table')!.initializer!;
  const controller = new AbortController();
  const reader = new WeightReader(controller.signal);
  const seen: number[] = [];
  const reading = reader.useRows(stored, async ({ first }) => {
    seen.push(first);
    controller.abort(new Error('enough'));
  });
  await expect(reading).rejects.toThrow('enough');
  expect(seen.length).toBeLessThan(3);
});

test('a tensor in memory is handed out whole, without a copy', async () => {
  const data = noise(12);
  await new WeightReader().useRows(Tensor.of('float32', [4, 3], data), async (rows) => {
    expect(rows).toMatchObject({ first: 0, count: 4 });
    expect(rows.data.buffer).toBe(data.buffer);
  });
});
