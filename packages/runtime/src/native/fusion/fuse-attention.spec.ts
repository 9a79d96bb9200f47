import { GraphBuilder, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileAndRun } from '../testing/compile-and-run.js';

const waves = (dims: readonly number[], phase: number) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase)),
  );
};

/** Each head of a cache repeated, as exporters of decoders write it: the sizes are computed from the shape. */
function repeated(g: GraphBuilder, x: Value, heads: number, times: number): Value {
  const shape = g.op('Shape', [x]);
  const at = (axis: number) => g.op('Unsqueeze', [g.op('Gather', [shape, g.constant(axis)]), g.constant([0])]);
  const target = g.op('Concat', [at(0), at(1), g.constant([times]), at(2), at(3)], { axis: 0 });
  const wide = g.op('Expand', [g.op('Unsqueeze', [x, g.constant([2])]), target]);
  return g.op('Reshape', [wide, g.op('Concat', [at(0), g.constant([heads * times]), at(2), at(3)], { axis: 0 })]);
}

function decoder(timesOfKeys: number, timesOfValues: number) {
  const g = new GraphBuilder('decoder', { opset: 17 });
  const q = g.input('q', 'float32', ['b', 4, 'new', 8]);
  const cache = (name: string, heads: number) => {
    const parts = [`past_${name}`, name].map((part, i) =>
      g.input(part, 'float32', ['b', heads, i === 0 ? 'past' : 'new', 8]),
    );
    return g.op('Concat', parts, { axis: -2 });
  };
  const [keys, values] = [cache('key', 4 / timesOfKeys), cache('value', 4 / timesOfValues)];
  const all = repeated(g, keys, 4 / timesOfKeys, timesOfKeys);
  const scores = g.op('MatMul', [q, g.op('Transpose', [all], { perm: [0, 1, 3, 2] })]);
  const mixed = repeated(g, values, 4 / timesOfValues, timesOfValues);
  g.output(g.op('MatMul', [g.op('Softmax', [scores], { axis: -1 }), mixed]), 'y');
  return g.output(keys, 'present_key').output(values, 'present_value').model();
}

test.each([
  ['alike are read where they are', 2, 2, ['Attention4D', 'Concat', 'Concat']],
  ['all from one', 4, 4, ['Attention4D', 'Concat', 'Concat']],
  ['not alike are written out', 2, 4, undefined],
])('repeated heads of keys and values: %s', async (_, ofKeys, ofValues, expected) => {
  const feeds = {
    q: waves([2, 4, 3, 8], 0),
    past_key: waves([2, 4 / ofKeys, 5, 8], 1),
    key: waves([2, 4 / ofKeys, 3, 8], 2),
    past_value: waves([2, 4 / ofValues, 5, 8], 3),
    value: waves([2, 4 / ofValues, 3, 8], 4),
  };
  const model = decoder(ofKeys, ofValues);
  const { types, outputs } = await compileAndRun(model, feeds);
  if (expected) expect([...types].sort()).toEqual(expected);
  else expect(types).toEqual(expect.arrayContaining(['Attention4D', 'Expand']));
  for (const [name, tensor] of Object.entries(evaluate(model, feeds))) {
    const got = outputs[name]!.toFloat64();
    expect(outputs[name]!.dims).toEqual(tensor.dims);
    // Sums of 8 products of at most 1, their exponentials, and means of values of at most 1, in float32.
    tensor.toFloat64().forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(1e-5));
  }
});
