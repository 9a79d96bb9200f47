import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, type Model } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { loadModel, OnnxModel } from '../onnx-model.js';
import { quantize } from '../quantize.js';
import { quantizeFolder } from './quantize-folder.js';

const root = mkdtempSync(join(tmpdir(), 'gossamer-presets-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Numbers without a pattern, dense around 0 as weights are. */
function noise(length: number, seed: number): Float32Array {
  let state = seed;
  const uniform = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  return Float32Array.from({ length }, () => uniform() + uniform() + uniform());
}

/** An embedding, a product within, and one that makes the output. */
function network(): Model {
  const g = new GraphBuilder('g');
  const rows = g.op('Gather', [g.weight('table', [80, 64], noise(5120, 5)), g.input('ids', 'int64', ['n'])]);
  const hidden = g.op('Relu', [g.op('MatMul', [rows, g.weight('w', [64, 64], noise(4096, 6))])]);
  return g.output(g.op('MatMul', [hidden, g.weight('v', [64, 80], noise(5120, 7))]), 'y', 'float32', ['n', 80]).model();
}

beforeAll(async () => {
  mkdirSync(join(root, 'in/onnx'), { recursive: true });
  writeFileSync(join(root, 'in/config.json'), '{"model_type": "test"}');
  await saveModel(network(), join(root, 'in/onnx/model.onnx'));
});

/** By preset: its file, what is smaller by how much at least, and dB of the outputs. */
test.each([
  ['fp16', 'model_fp16.onnx', 1.7, 50],
  ['q8', 'model_quantized.onnx', 2.5, 25],
  ['int8', 'model_int8.onnx', 2.5, 25],
  ['uint8', 'model_uint8.onnx', 2.5, 25],
  ['q4', 'model_q4.onnx', 2.8, 12],
  ['q4f16', 'model_q4f16.onnx', 2.8, 12],
  ['bnb4', 'model_bnb4.onnx', 2.8, 12],
])('preset %s writes %s, which ONNX Runtime runs', async (preset, file, ratio, least) => {
  const { parts } = await quantizeFolder(join(root, 'in'), join(root, preset), { quantize: { preset } });
  expect(readdirSync(join(root, preset, 'onnx'))).toEqual([file]);
  expect(parts[0]!.bytes.ratio).toBeGreaterThan(ratio);
  expect(parts[0]!.verification!.sqnrDb).toBeGreaterThan(least);
  const { ir } = await loadModel(join(root, preset, 'onnx', file));
  expect([...ir.graph.nodes()].some(({ op }) => op === 'MatMulBnb4')).toBe(preset === 'bnb4');
});

test('codes that transformers.js has no name for go as int8, which the report says', async () => {
  const options = { quantize: { mode: 'weight-only', weights: 'uint3' } } as const;
  const { parts } = await quantizeFolder(join(root, 'in'), join(root, 'uint3'), options);
  expect(readdirSync(join(root, 'uint3', 'onnx'))).toEqual(['model_int8.onnx']);
  expect(parts[0]!.warnings.join()).toContain('uint3: transformers.js has no name for it, written as int8');
});

test.each(['fp16', 'q4f16'])('%s of one model: a conversion, reported as a quantization', async (preset) => {
  const { model, report } = await quantize(new OnnxModel(network()), { preset });
  expect(report.mode).toBe(preset);
  expect(report.layers.map(({ action }) => action)).toEqual(Array(3).fill('weight-only'));
  expect(report.bytes.ratio).toBeGreaterThan(1.7);
  const dtypes = Array.from(model.ir.graph.initializers(), ({ initializer }) => initializer!.dtype);
  expect(dtypes).toContain('float16');
  expect(dtypes).not.toContain('float32');
});
