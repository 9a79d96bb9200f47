import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { bert, encoderDecoder } from '../../zoo/index.js';
import { runPasses } from '../run-passes.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { sqnrDb } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const HEADS = 3;
const SIZE = 4;
const WIDTH = HEADS * SIZE;

type Scale = 'product' | 'query' | 'both' | 'none';
type Mask = 'rows' | 'row' | 'row of symbols' | 'constant';

interface Variation {
  readonly scale?: Scale;
  readonly mask?: Mask;
  readonly cache?: boolean;
  /** The keys' Transposes apart, as the cache needs them. */
  readonly apart?: boolean;
  readonly target?: readonly number[];
  readonly queries?: number | string;
  readonly axis?: number;
  readonly opset?: number;
  readonly extra?: (g: GraphBuilder, scores: Value, weights: Value) => void;
}

/** Attention of x [n, 5, WIDTH] on memory [n, 7, WIDTH], and what was before. */
function build({
  scale = 'product',
  mask,
  cache = false,
  apart = cache,
  target = [0, 0, HEADS, SIZE],
  queries = 5,
  axis = -1,
  opset = 23,
  extra,
}: Variation): Model {
  const g = new GraphBuilder('net', { opset, irVersion: 10 });
  const x = g.input('x', 'float32', ['n', queries, WIDTH]);
  const [keys, values] = ['k', 'v'].map((name) => g.input(name, 'float32', ['n', cache ? 'new' : 7, WIDTH]));
  const number = (value: number) => g.constant(value, 'float32');
  const split = (value: Value, perm: number[]) =>
    g.op('Transpose', [g.op('Reshape', [value, g.constant(target)])], { perm });
  const past = (name: string) => g.input(name, 'float32', ['n', HEADS, 'past', SIZE]);
  const grown = (value: Value, name: string) => (cache ? g.op('Concat', [past(name), value], { axis: 2 }) : value);
  let q = split(x, [0, 2, 1, 3]);
  let k = apart ? grown(split(keys!, [0, 2, 1, 3]), 'past_k') : split(keys!, [0, 2, 3, 1]);
  const v = grown(split(values!, [0, 2, 1, 3]), 'past_v');
  const cached = k;
  if (apart) k = g.op('Transpose', [k], { perm: [0, 1, 3, 2] });
  if (scale === 'query') q = g.op('Div', [q, number(2)]);
  if (scale === 'both') [q, k] = [g.op('Mul', [q, number(Math.SQRT1_2)]), g.op('Mul', [k, number(Math.SQRT1_2)])];
  const raw = g.op('MatMul', [q, k]);
  let scores = scale === 'product' ? g.op('Mul', [number(0.5), raw]) : raw;
  if (mask) scores = g.op('Add', [scores, maskOf(g, mask)]);
  const weights = g.op('Softmax', [scores], { axis });
  extra?.(g, scores, weights);
  const mixed = g.op('Transpose', [g.op('MatMul', [weights, v])], { perm: [0, 2, 1, 3] });
  g.output(g.op('Reshape', [mixed, g.constant([0, 0, WIDTH])]), 'y', 'float32', ['n', queries, WIDTH]);
  if (cache) {
    g.output(cached, 'present_k', 'float32', ['n', HEADS, 'total', SIZE]);
    g.output(v, 'present_v', 'float32', ['n', HEADS, 'total', SIZE]);
  }
  return g.model();
}

function maskOf(g: GraphBuilder, mask: Mask): Value {
  if (mask === 'rows') return g.input('mask', 'float32', ['n', 1, 5, 7]);
  if (mask === 'constant') return g.graph.addInitializer('mask', randomTensor([5, 7], 3));
  return g.input('mask', 'float32', ['n', 1, 1, 7]);
}

function feedsOf(model: Model, n: number): Record<string, Tensor> {
  const sizes: Record<string, number> = { n, new: 2, past: n + 1, t: 3 };
  return Object.fromEntries(
    model.graph.inputs.map(({ name, type }, seed) => {
      const shape = type?.kind === 'tensor' ? type.shape! : [];
      const data = randomTensor(
        shape.map((dim) => (typeof dim === 'number' ? dim : sizes[String(dim)]!)),
        seed + n,
      );
      if (name !== 'mask') return [name, data] as const;
      // Every third key is hidden.
      const hidden = data.toFloat32().map((value, i) => (i % 3 === 2 ? -1e9 : value));
      return [name, Tensor.of('float32', data.dims, hidden)] as const;
    }),
  );
}

/**
 * Twice (2e + (2T+8)·u)·Σp|v| with e = (d+4)·u·(scale·Σ|q·k| + |mask|): the bound of the pass. All data lie in [-1, 1], so Σ|q·k| <= d, Σp|v| <= 1,
 * and T <= 9 keys; the factor is 1/2, or 1 where there is none.
 */
function expectEqual(fused: Record<string, Tensor>, original: Record<string, Tensor>): void {
  const u = 2 ** -24;
  const e = (SIZE + 4) * u * (SIZE + 1);
  const most = 2 * (2 * e + (2 * 9 + 8) * u);
  const bound = Object.entries(original).map(([name, { dims, length }]) => {
    return [name, Tensor.of('float64', dims, new Float64Array(length).fill(most))] as const;
  });
  expectWithin(fused, original, Object.fromEntries(bound));
}

async function check(model: Model, pass: string): Promise<Model> {
  const { model: fused } = applyPasses(model, [pass, 'eliminate-dead-code']);
  for (const n of [1, 2]) {
    const feeds = feedsOf(model, n);
    if (pass === 'fuse-attention') expectEqual(evaluate(fused, feeds), evaluate(model, feeds));
    expectEqual(await runOnce(fused, feeds), await runOnce(model, feeds));
  }
  return fused;
}

test.each<[Variation, string[]?]>([
  [{}],
  [{ scale: 'query' }],
  [{ scale: 'both' }],
  [{ scale: 'both', apart: true }],
  [{ scale: 'none', apart: true }],
  [{ target: [0, -1, HEADS, SIZE] }],
  [{ queries: 't' }],
  [{ axis: 3 }],
  [{ mask: 'rows' }],
  [{ mask: 'constant', scale: 'query' }],
  [{ mask: 'row' }, ['Concat', 'Expand', 'Attention']],
  [{ mask: 'row', queries: 't' }, ['Shape', 'Concat', 'Expand', 'Attention']],
  [{ cache: true }],
])('Attention of %j', async (variation, ...[left = ['Attention']]) => {
  const fused = await check(build(variation), 'fuse-attention');
  expect(kinds(fused)).toEqual(left);
  const node = [...fused.graph.nodes()].at(-1)!;
  expect(node.float('scale', 0)).toBeCloseTo(variation.scale === 'none' ? 1 : 0.5, 6);
});

test.each<Variation>([{ opset: 17 }, { opset: 17, cache: true }])('MultiHeadAttention of %j', async (variation) => {
  const fused = await check(build(variation), 'fuse-multi-head-attention');
  expect(kinds(fused)).toEqual(['com.microsoft::MultiHeadAttention']);
  expect(fused.opsets.get('com.microsoft')).toBe(1);
});

test.each<[string, Variation, ...string[]]>([
  ['before opset 23', { opset: 21 }],
  ['softmax over the queries', { axis: 2 }],
  ['weights that are read elsewhere', { extra: (g, _, weights) => g.output(g.op('Neg', [weights]), 'z') }],
  ['scores that are an output', { extra: (g, scores) => g.output(scores, 'z') }],
  ['a mask, for MultiHeadAttention', { opset: 17, mask: 'rows' }, 'fuse-multi-head-attention'],
])('stays: %s', (_, variation, ...[pass = 'fuse-attention']) => {
  const model = build(variation);
  expect(applyPasses(model, [pass]).applied).toEqual([]);
});

test('a BERT and a decoder with a cache: one Attention a layer, self and cross', async () => {
  const small = { layers: 2, width: 24, heads: 2, vocabulary: 50, context: 8 };
  const encoder = raised(bert(small));
  const { model: fused } = runPasses(encoder, 'onnxruntime');
  expect(kinds(fused).filter((kind) => kind === 'Attention')).toHaveLength(2);
  const ids = {
    input_ids: Tensor.of(
      'int64',
      [2, 8],
      BigInt64Array.from({ length: 16 }, (_, i) => BigInt(i * 3)),
    ),
  };
  expect(sqnrDb(await runOnce(fused, ids), await runOnce(encoder, ids))).toBeGreaterThan(100);
  const decoder = raised(encoderDecoder(small).decoder);
  const { model: quick } = runPasses(decoder, 'onnxruntime');
  expect(kinds(quick).filter((kind) => kind === 'Attention')).toHaveLength(4);
  const feeds: Record<string, Tensor> = {
    tokens: Tensor.of(
      'int64',
      [2, 3],
      BigInt64Array.from({ length: 6 }, (_, i) => BigInt(i * 7)),
    ),
    hidden: randomTensor([2, 5, 24], 4),
  };
  for (const { name } of decoder.graph.inputs)
    if (name.startsWith('past')) feeds[name] = randomTensor([2, 2, 2, 12], 6);
  expect(sqnrDb(await runOnce(quick, feeds), await runOnce(decoder, feeds))).toBeGreaterThan(100);
});

/** At the opset of Attention; the operators of the zoo mean the same there. */
function raised(model: Model): Model {
  model.opsets.set('', 23);
  return model;
}

/** softmax(scores(q, k)) times v, for x [n, 5, WIDTH] as all three, in a dtype of its own. */
function selfAttention(scores: (g: GraphBuilder, q: Value, k: Value) => Value, dtype: 'float16' | 'float32'): Model {
  const g = new GraphBuilder('net', { opset: 23, irVersion: 10 });
  const x = g.input('x', dtype, ['n', 5, WIDTH]);
  const split = (perm: number[]) =>
    g.op('Transpose', [g.op('Reshape', [x, g.constant([0, 0, HEADS, SIZE])])], { perm });
  const weights = g.op('Softmax', [scores(g, split([0, 2, 1, 3]), split([0, 2, 3, 1]))]);
  const mixed = g.op('Transpose', [g.op('MatMul', [weights, split([0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
  return g.output(g.op('Reshape', [mixed, g.constant([0, 0, WIDTH])]), 'y').model();
}

test('float16', async () => {
  const model = selfAttention(
    (g, q, k) => g.op('Mul', [g.op('MatMul', [q, k]), g.constant(0.5, 'float16')]),
    'float16',
  );
  const { model: fused } = applyPasses(model, ['fuse-attention', 'eliminate-dead-code']);
  expect(kinds(fused)).toEqual(['Attention']);
  const x = Tensor.fromNumbers('float16', [2, 5, WIDTH], randomTensor([2, 5, WIDTH], 1).toFloat64());
  const [u, e] = [2 ** -11, (SIZE + 4) * 2 ** -11 * SIZE];
  const y = Tensor.of('float64', x.dims, new Float64Array(x.length).fill(2 * (2 * e + (2 * 5 + 8) * u)));
  expectWithin(evaluate(fused, { x }), evaluate(model, { x }), { y });
  expectWithin(await runOnce(fused, { x }), await runOnce(model, { x }), { y });
});

test.each<[string, Parameters<typeof selfAttention>[0]]>([
  [
    'a factor behind the mask',
    (g, q, k) => {
      const masked = g.op('Add', [g.op('MatMul', [q, k]), g.graph.addInitializer('m', randomTensor([5, 5], 1))]);
      return g.op('Mul', [masked, g.constant(0.5, 'float32')]);
    },
  ],
  [
    'a mask that chooses',
    (g, q, k) => {
      const seen = g.input('seen', 'bool', ['n', 1, 5, 5]);
      return g.op('Where', [seen, g.op('MatMul', [q, k]), g.constant(-1e9, 'float32')]);
    },
  ],
  ['a mask of unknown rank', (g, q, k) => g.op('Add', [g.op('MatMul', [q, k]), g.input('m', 'float32')])],
  [
    'a mask that repeats the batch',
    (g, q, k) => g.op('Add', [g.op('MatMul', [q, k]), g.input('m', 'float32', ['b', 1, 5, 5])]),
  ],
  [
    'a factor for each head',
    (g, q, k) => g.op('Mul', [g.op('MatMul', [q, k]), g.constant([1, 2, 3], 'float32', [3, 1, 1])]),
  ],
  ['a negative factor', (g, q, k) => g.op('Mul', [g.op('MatMul', [q, k]), g.constant(-1, 'float32')])],
  ['distances for products', (g, q, k) => g.op('Sub', [g.constant(0, 'float32'), g.op('MatMul', [q, k])])],
])('stays: %s', (_, scores) => {
  expect(applyPasses(selfAttention(scores, 'float32'), ['fuse-attention']).applied).toEqual([]);
});
