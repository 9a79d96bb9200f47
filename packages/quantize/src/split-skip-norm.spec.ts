import { GraphBuilder, type Value } from '@gossamer/graph';
import { quantize } from './quantize.js';
import { splitSkipNorm } from './split-skip-norm.js';
import { noise, noiseTensor } from './testing/emit-static.js';
import { optimizedOps, runOrt } from './testing/ort.js';

/** Two products around a residual sum and a normalisation, as one node or spelled out. */
function block(spelled: boolean) {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 16, 64]);
  const h = g.op('MatMul', [x, g.weight('w', [64, 64], noise(4096))]);
  const sum = g.op('Add', [h, x], {}, { name: 'residual' });
  const scale = g.weight('scale', [64], new Float32Array(64).fill(1));
  const bias = g.weight('bias', [64], new Float32Array(64));
  const normal = spelled ? spelledNorm(g, sum, scale, bias) : g.op('LayerNormalization', [sum, scale, bias]);
  return g.output(g.op('MatMul', [normal, g.weight('v', [64, 64], noise(4096, 2))]), 'y').model();
}

function spelledNorm(g: GraphBuilder, x: Value, scale: Value, bias: Value): Value {
  const centred = g.op('Sub', [x, g.op('ReduceMean', [x], { axes: [-1] })]);
  const variance = g.op('ReduceMean', [g.op('Pow', [centred, g.constant(2, 'float32')])], { axes: [-1] });
  const deviation = g.op('Sqrt', [g.op('Add', [variance, g.constant(1e-5, 'float32')])]);
  return g.op('Add', [g.op('Mul', [g.op('Div', [centred, deviation]), scale]), bias]);
}

test.each([false, true])('the residual sum and the normalisation stay apart (spelled out: %s)', async (spelled) => {
  const model = block(spelled);
  expect(await optimizedOps(model)).toMatchObject({ SkipLayerNormalization: 1 });
  const copy = model.clone();
  expect(splitSkipNorm(copy)).toBe(1);
  expect(await optimizedOps(copy)).toMatchObject({ LayerNormalization: 1, Sum: 1 });
  const feeds = { x: noiseTensor([2, 16, 64], 3) };
  const [a, b] = [await runOrt(model, feeds), await runOrt(copy, feeds)];
  b['y']!.toFloat32().forEach((y, i) => expect(y).toBeCloseTo(a['y']!.toFloat32()[i]!, 4));
});

test('quantized models have it, unless the cost model is off', async () => {
  const { model } = await quantize(block(false), { mode: 'dynamic' });
  expect(await optimizedOps(model)).not.toHaveProperty('SkipLayerNormalization');
  const plain = await quantize(block(false), { mode: 'dynamic', costModel: false });
  expect(await optimizedOps(plain.model)).toHaveProperty('SkipLayerNormalization');
});

test('a bias Add and an Add without normalisation stay Add', () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 64]);
  const biased = g.op('Add', [x, g.weight('b', [64], noise(64))]);
  const ones = g.weight('scale', [64], new Float32Array(64).fill(1));
  const y = g.op('Add', [g.op('LayerNormalization', [biased, ones]), x]);
  expect(splitSkipNorm(g.output(y, 'y').model())).toBe(0);
});
