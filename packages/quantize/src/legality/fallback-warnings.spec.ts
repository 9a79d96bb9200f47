import { GraphBuilder, type Model } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { join } from 'node:path';
import { quantize } from '../quantize.js';
import { noise } from '../testing/emit-static.js';

function network(): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [3, 1, 32]);
  const h = g.op('LSTM', [x, g.weight('w', [1, 64, 32], noise(2048)), g.weight('r', [1, 64, 16], noise(1024))], {
    hidden_size: 16,
  });
  const flat = g.op('Reshape', [h, g.constant([3, 16])]);
  return g.output(g.op('MatMul', [flat, g.weight('v', [16, 64], noise(1024, 2))]), 'y').model();
}

test('nodes without a WebGPU kernel are counted; those over constants are not', async () => {
  const { report } = await quantize(network(), { target: 'webgpu' });
  expect(report.mode).toBe('weight-only');
  expect(report.warnings).toEqual([
    'webgpu: no kernel in ONNX Runtime Web 1.30 for 1 LSTM: they run on the CPU, in WebAssembly',
  ]);
});

test('the sums in front of LayerNormalization stay Add, which WebGPU has', async () => {
  const model = await loadModel(join(__dirname, '../../../../fixtures/models/tinylm.onnx'));
  expect((await quantize(model, { target: 'webgpu' })).report.warnings).toEqual([]);
});

test('NF4 is written as floats for WebGPU, which has no MatMulBnb4', async () => {
  const { report } = await quantize(network(), { target: 'webgpu', mode: 'weight-only', weights: 'nf4', edgeBits: 4 });
  expect(report.layers.at(-1)!.reason).toBe('nf4, a scale for 32 weights, nearest, floats when the model is open');
});

test('other targets have the kernels of the CPU', async () => {
  expect((await quantize(network(), { target: 'web' })).report.warnings).toEqual([]);
});
