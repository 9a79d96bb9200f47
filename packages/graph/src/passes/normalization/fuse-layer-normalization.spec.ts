import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { normalizationBound } from '../testing/normalization-bound.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const PASSES = ['fuse-layer-normalization', 'eliminate-dead-code'];
const N = 12;
const EPSILON = 1e-5;
const scale = randomTensor([N], 5);
const bias = randomTensor([N], 6);
/** Rows around 0, and rows far from it, where E[x²] - mean² cancels. */
const inputs = [0, 30].map((offset) => {
  const data = randomTensor([2, 3, N], 7 + offset).toFloat32();
  return Tensor.of(
    'float32',
    [2, 3, N],
    data.map((value) => value + offset),
  );
});

const bound = (x: Tensor) => normalizationBound(x, { width: N, epsilon: EPSILON, scale, bias });

async function check(model: Model): Promise<Model> {
  const { model: fused } = applyPasses(model, PASSES);
  for (const x of inputs) {
    expectWithin(evaluate(fused, { x }), evaluate(model, { x }), { y: bound(x) });
    expectWithin(await runOnce(fused, { x }), await runOnce(model, { x }), { y: bound(x) });
  }
  return fused;
}

interface Variation {
  readonly opset?: number;
  readonly axis?: number;
  readonly square?: 'Pow' | 'Mul';
  readonly isLeft?: boolean;
  readonly power?: number;
  readonly extra?: (g: GraphBuilder, centred: Value) => void;
  readonly width?: readonly number[];
  /** Dims of the one number that is epsilon. */
  readonly epsilonDims?: readonly number[];
}

function build(options: Variation = {}): GraphBuilder {
  const { opset = 17, axis = -1, square = 'Pow', isLeft = false, power = 2, extra, width = [2, 3, N] } = options;
  const g = new GraphBuilder('net', { opset, irVersion: 9 });
  const epsilon = g.constant([EPSILON], 'float32', options.epsilonDims ?? []);
  const x = g.input('x', 'float32', width);
  const mean = (value: Value) =>
    opset < 18 ? g.op('ReduceMean', [value], { axes: [axis] }) : g.op('ReduceMean', [value, g.constant([axis])], {});
  const centred = g.op('Sub', [x, mean(x)]);
  const squared =
    square === 'Pow' ? g.op('Pow', [centred, g.constant(power, 'float32')]) : g.op('Mul', [centred, centred]);
  const root = g.op('Sqrt', [g.op('Add', [mean(squared), epsilon])]);
  const pair = (a: Value, b: Value) => (isLeft ? [b, a] : [a, b]);
  const normed = g.op('Div', [centred, root], {}, { name: 'norm' });
  const scaled = g.op('Mul', pair(normed, g.graph.addInitializer('scale', scale)));
  extra?.(g, centred);
  return g.output(g.op('Add', pair(scaled, g.graph.addInitializer('bias', bias))), 'y');
}

test.each<Variation>([{}, { opset: 18 }, { axis: 2 }, { square: 'Mul' }, { isLeft: true }, { epsilonDims: [1, 1, 1] }])(
  'one LayerNormalization of %j',
  async (variation) => {
    const fused = await check(build(variation).model());
    expect(kinds(fused)).toEqual(['LayerNormalization']);
    const [node] = [...fused.graph.nodes()];
    expect([node!.name, node!.float('epsilon', 0), ...node!.inputs.map(String)]).toEqual([
      'norm',
      Math.fround(EPSILON),
      'x',
      'scale',
      'bias',
    ]);
  },
);

test.each<[string, Variation]>([
  ['before opset 17', { opset: 16 }],
  ['along another axis', { axis: 1, width: [2, N, N] }],
  ['another power', { power: 3 }],
  ['what lies between is read', { extra: (g, centred) => g.output(g.op('Relu', [centred]), 'z') }],
  ['an epsilon that gives the result another rank', { epsilonDims: [1, 1, 1, 1] }],
])('stays: %s', (_, variation) => {
  const model = build(variation).model();
  expect(applyPasses(model, ['fuse-layer-normalization']).applied).toEqual([]);
});
