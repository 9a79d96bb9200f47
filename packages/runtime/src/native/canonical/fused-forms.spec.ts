import { attribute, GraphBuilder, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileAndRun } from '../testing/compile-and-run.js';

const waves = (dims: readonly number[], phase = 0) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase)),
  );
};

const builder = (opset: number) => new GraphBuilder('net', { opset, domains: { 'com.microsoft': 1 } });
const ms = (g: GraphBuilder, op: string, inputs: readonly (Value | undefined)[], attributes = {}) =>
  g.op(op, inputs, attributes, { domain: 'com.microsoft' });

/** The program gives what the model gives, within the rounding of float32 sums of a dozen terms; returns its operators. */
async function check(g: GraphBuilder, feeds: Readonly<Record<string, Tensor>>): Promise<readonly string[]> {
  const model = g.model();
  const { types, outputs } = await compileAndRun(model, feeds);
  for (const [name, tensor] of Object.entries(evaluate(model, feeds))) {
    expect(outputs[name]!.dims).toEqual(tensor.dims);
    const got = outputs[name]!.toFloat64();
    tensor.toFloat64().forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(1e-5));
  }
  return types;
}

test('Gelu in the forms of com.microsoft', async () => {
  const g = builder(17);
  const x = g.input('x', 'float32', ['n', 4]);
  const bias = g.weight('bias', [4], waves([4]).toFloat32());
  g.output(ms(g, 'BiasGelu', [x, bias]), 'a').output(ms(g, 'FastGelu', [x, bias]), 'b');
  g.output(ms(g, 'Gelu', [x]), 'c').output(ms(g, 'QuickGelu', [x], { alpha: attribute.float(1.5) }), 'd');
  expect((await check(g, { x: waves([3, 4]) })).filter((type) => type === 'Gelu')).toHaveLength(3);
});

test('FusedConv and FusedMatMul become layers of the engine', async () => {
  const g = builder(17);
  const x = g.input('x', 'float32', ['n', 3, 6, 6]);
  const w = g.weight('w', [3, 3, 3, 3], waves([81]).toFloat32());
  const y = ms(g, 'FusedConv', [x, w, undefined, x], { activation: 'Relu', pads: [1, 1, 1, 1] });
  const m = g.weight('m', [5, 6], waves([30]).toFloat32());
  g.output(ms(g, 'FusedMatMul', [y, m], { transB: 1, alpha: attribute.float(0.5) }), 'y');
  const types = await check(g, { x: waves([2, 3, 6, 6]) });
  expect(types).toEqual(expect.arrayContaining(['ConvNhwc', 'Linear']));
  expect(types).not.toContain('Relu');
});

test('MultiHeadAttention', async () => {
  const g = builder(17);
  const [q, k, v] = ['q', 'k', 'v'].map((name) => g.input(name, 'float32', ['n', 's', 12]));
  const bias = g.input('bias', 'float32', [1, 3, 's', 's']);
  g.output(ms(g, 'MultiHeadAttention', [q, k, v], { num_heads: 3 }), 'a');
  g.output(
    ms(g, 'MultiHeadAttention', [q, k, v, undefined, undefined, bias], { num_heads: 3, scale: attribute.float(0.3) }),
    'b',
  );
  const feeds = { q: waves([2, 5, 12]), k: waves([2, 5, 12], 1), v: waves([2, 5, 12], 2), bias: waves([1, 3, 5, 5]) };
  expect(await check(g, feeds)).toEqual(['Attention4D', 'Attention4D']);
});

test("the standard's Attention: merged heads, shared heads, masks, causal", async () => {
  const g = builder(23);
  const q = g.input('q', 'float32', ['n', 4, 5, 3]);
  const [k, v] = ['k', 'v'].map((name) => g.input(name, 'float32', ['n', 2, 6, 3]));
  const flat = g.input('flat', 'float32', ['n', 5, 12]);
  const mask = g.input('mask', 'float32', [5, 6]);
  g.output(g.op('Attention', [q, k, v, mask]), 'a').output(g.op('Attention', [q, k, v], { is_causal: 1 }), 'b');
  g.output(g.op('Attention', [flat, flat, flat], { q_num_heads: 4, kv_num_heads: 4 }), 'c');
  const feeds = {
    q: waves([2, 4, 5, 3]),
    k: waves([2, 2, 6, 3], 1),
    v: waves([2, 2, 6, 3], 2),
    flat: waves([2, 5, 12]),
    mask: waves([5, 6]),
  };
  expect(await check(g, feeds)).toEqual(['Attention4D', 'Attention4D', 'Attention4D']);
});

describe('an attention with a cache becomes a Concat behind the past and an attention over all', () => {
  const feeds = (heads: number) => ({
    q: waves([2, 3, 12]),
    k: waves([2, 3, 3 * heads], 1),
    v: waves([2, 3, 3 * heads], 2),
    past_key: waves([2, heads, 5, 3], 3),
    past_value: waves([2, heads, 5, 3], 4),
    bias: waves([1, 4, 3, 8], 5),
  });
  const cached = (g: GraphBuilder, heads: number) => {
    const [q, k, v] = ['q', 'k', 'v'].map((name) =>
      g.input(name, 'float32', ['n', 's', name === 'q' ? 12 : 3 * heads]),
    );
    const past = ['key', 'value'].map((part) => g.input(`past_${part}`, 'float32', ['n', heads, 'p', 3]));
    return { q, k, v, past, bias: g.input('bias', 'float32', [1, 4, 's', 't']) };
  };
  const outputs = (g: GraphBuilder, results: readonly Value[]) =>
    results.forEach((value, i) => g.output(value, ['y', 'present_key', 'present_value'][i]));

  test.each([0, 1])("the standard's, is_causal %i", async (causal) => {
    const g = builder(23);
    const { q, k, v, past, bias } = cached(g, 2);
    const attributes = { q_num_heads: 4, kv_num_heads: 2, is_causal: causal };
    outputs(g, g.ops('Attention', [q, k, v, bias, ...past], attributes, { outputs: 3 }));
    const types = await check(g, feeds(2));
    expect(types.filter((type) => type === 'Concat' || type === 'Attention4D')).toEqual([
      'Concat',
      'Concat',
      'Attention4D',
    ]);
  });

  test('of four axes', async () => {
    const g = builder(23);
    const [q, k, v] = ['q', 'k', 'v'].map((name) => g.input(name, 'float32', ['n', 4, 's', 3]));
    const past = ['key', 'value'].map((part) => g.input(`past_${part}`, 'float32', ['n', 4, 'p', 3]));
    outputs(g, g.ops('Attention', [q, k, v, undefined, ...past], { is_causal: 1 }, { outputs: 3 }));
    const [x, p] = [waves([2, 4, 3, 3]), waves([2, 4, 5, 3], 1)];
    expect(await check(g, { q: x, k: x, v: x, past_key: p, past_value: p })).toEqual([
      'Concat',
      'Concat',
      'Attention4D',
    ]);
  });

  test.each([0, 1])('MultiHeadAttention, unidirectional %i', async (causal) => {
    const g = builder(17);
    const { q, k, v, past, bias } = cached(g, 4);
    const inputs = [q, k, v, undefined, undefined, bias, ...past];
    const attributes = { num_heads: 4, unidirectional: causal };
    outputs(g, g.ops('MultiHeadAttention', inputs, attributes, { outputs: 3, domain: 'com.microsoft' }));
    const types = await check(g, feeds(4));
    expect(types.filter((type) => type === 'Concat')).toHaveLength(2);
  });
});
