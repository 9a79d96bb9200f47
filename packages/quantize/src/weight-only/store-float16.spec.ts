import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { optimizedOps, runOrt } from '../testing/ort.js';

const options = { mode: 'weight-only', weights: 'float16', optimize: false } as const;

function tied(table = noise(5120)): Model {
  const g = new GraphBuilder('g');
  const w = g.weight('table', [80, 64], table);
  const rows = g.op('Gather', [w, g.constant([3, 8], 'int64')]);
  const x = g.op('Add', [rows, g.input('x', 'float32', [2, 64])]);
  return g.output(g.op('Gemm', [x, w], { transB: 1 }), 'y').model();
}

test('halves the bytes, and computes with the rounded weights in float32', async () => {
  const feeds = { x: noiseTensor([2, 64], 4) };
  const { model, report } = await quantize(tied(), options);
  expect(report.bytes.after).toBe(5120 * 2 + 16);
  expect(report.layers.map(({ reason }) => reason)).toEqual(Array(2).fill('float16, float32 when the model is open'));
  expect(await optimizedOps(model)).toEqual(await optimizedOps(tied()));
  const rounded = Tensor.fromNumbers('float16', [5120], noise(5120)).toFloat32();
  expect((await runOrt(model, feeds))['y']).toEqual((await runOrt(tied(rounded), feeds))['y']);
});

test('what float16 has no number for stays, and is said', async () => {
  const table = noise(5120);
  table[7] = 65520;
  const { report } = await quantize(tied(table), options);
  expect(report.layers[0]).toMatchObject({ action: 'left-float', reason: 'it has numbers beyond float16' });
});

test('layers that are excluded stay', async () => {
  const g = new GraphBuilder('g');
  const a = g.op('MatMul', [g.input('x', 'float32', [2, 64]), g.weight('a', [64, 64], noise(4096))], {}, { name: 'a' });
  const b = g.op('MatMul', [a, g.weight('b', [64, 64], noise(4096, 2))], {}, { name: 'b' });
  const { report } = await quantize(g.output(b, 'y').model(), { ...options, exclude: ['b'] });
  expect(report.layers.map(({ action }) => action)).toEqual(['weight-only', 'left-float']);
  expect(report.bytes.after).toBe(4096 * 6);
});
