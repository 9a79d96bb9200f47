import { GraphBuilder, type Value } from '@gossamer/graph';
import { quantize } from './quantize.js';
import { noise } from './testing/emit-static.js';
import { optimizedOps } from './testing/ort.js';

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

test.each([false, true])(
  'quantized models keep the sum and the normalisation apart (spelled out: %s)',
  async (spelled) => {
    expect(await optimizedOps(block(spelled))).toMatchObject({ SkipLayerNormalization: 1 });
    const { model } = await quantize(block(spelled), { mode: 'dynamic' });
    expect(await optimizedOps(model)).not.toHaveProperty('SkipLayerNormalization');
  },
);

test('not without the cost model, nor where nothing but the weights may change', async () => {
  for (const options of [{ costModel: false }, { optimize: false }]) {
    const { model } = await quantize(block(false), { mode: 'dynamic', ...options });
    expect(await optimizedOps(model)).toHaveProperty('SkipLayerNormalization');
  }
});
