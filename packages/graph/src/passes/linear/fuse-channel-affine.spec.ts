import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { absoluteBound, mapFloats } from '../testing/absolute-bound.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

type Layer = 'Conv' | 'grouped' | 'depthwise' | 'ConvTranspose' | 'Gemm' | 'MatMul' | 'linear';
/** An operator and its constant: dims, and whether it stands first. */
type Step = readonly [op: 'Mul' | 'Div' | 'Add' | 'Sub', dims: readonly number[], isFirst?: boolean];

const LAYERS: Record<
  Layer,
  { dims: readonly (number | string)[]; weight: readonly number[]; k: number; group?: number }
> = {
  Conv: { dims: ['n', 4, 5, 5], weight: [6, 4, 3, 3], k: 36 },
  grouped: { dims: ['n', 4, 5, 5], weight: [6, 2, 3, 3], k: 18, group: 2 },
  depthwise: { dims: ['n', 6, 5, 5], weight: [6, 1, 3, 3], k: 9, group: 6 },
  ConvTranspose: { dims: ['n', 4, 5, 5], weight: [4, 3, 2, 2], k: 16, group: 2 },
  Gemm: { dims: ['n', 4], weight: [4, 6], k: 4 },
  MatMul: { dims: ['n', 3, 4], weight: [4, 6], k: 4 },
  linear: { dims: ['n', 3, 4], weight: [4, 6], k: 5 },
};

function build(layer: Layer, steps: readonly Step[], extra?: (g: GraphBuilder, hidden: Value) => void) {
  const { dims, weight, group } = LAYERS[layer];
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', dims);
  const w = g.graph.addInitializer('w', randomTensor(weight, 9));
  const op = { grouped: 'Conv', depthwise: 'Conv', linear: 'MatMul' }[layer as string] ?? layer;
  const bias = op.startsWith('Conv') || op === 'Gemm' ? [g.graph.addInitializer('b', randomTensor([6], 8))] : [];
  let y = g.op(op, [x, w, ...bias], group ? { group } : {});
  if (layer === 'linear') y = g.op('Add', [y, g.graph.addInitializer('b', randomTensor([6], 8))]);
  extra?.(g, y);
  steps.forEach(([kind, sizes, isFirst], i) => {
    // Away from 0: quotients stay moderate.
    const data = mapFloats(randomTensor(sizes, 20 + i), (v) => v + Math.sign(v));
    const c = g.graph.addInitializer(kind === 'Sub' && !isFirst ? 'minus' : 'c', data);
    y = g.op(kind, isFirst ? [c, y] : [y, c]);
  });
  return g.output(y, 'y').model();
}

const feedsOf = (layer: Layer) =>
  [1, 3].map((n) => ({
    x: randomTensor(
      LAYERS[layer].dims.map((dim) => (typeof dim === 'number' ? dim : n)),
      n,
    ),
  }));

test.each<[Layer, Step[], string[]?]>([
  [
    'Conv',
    [
      ['Mul', [6, 1, 1]],
      ['Add', [1, 6, 1, 1]],
    ],
    ['Conv'],
  ],
  [
    'Conv',
    [
      ['Sub', [6, 1, 1]],
      ['Div', [6, 1, 1]],
      ['Mul', []],
      ['Add', [1]],
    ],
    ['Conv'],
  ],
  [
    'grouped',
    [
      ['Mul', [6, 1, 1], true],
      ['Add', [6, 1, 1], true],
    ],
    ['Conv'],
  ],
  [
    'depthwise',
    [
      ['Div', [6, 1, 1]],
      ['Add', [6, 1, 1]],
    ],
    ['Conv'],
  ],
  [
    'ConvTranspose',
    [
      ['Mul', [6, 1, 1]],
      ['Add', [6, 1, 1]],
    ],
    ['ConvTranspose'],
  ],
  [
    'Gemm',
    [
      ['Mul', [6]],
      ['Add', [1, 6]],
    ],
    ['Gemm'],
  ],
  [
    'MatMul',
    [
      ['Mul', [6]],
      ['Div', []],
    ],
    ['MatMul'],
  ],
  [
    'linear',
    [
      ['Mul', [1, 1, 6]],
      ['Div', [1]],
    ],
    ['MatMul', 'Add'],
  ],
])('%s takes up %j', async (layer, steps, left) => {
  const model = build(layer, steps);
  const { model: fused, applied } = applyPasses(model, ['fuse-channel-affine']);
  expect(kinds(fused)).toEqual(left);
  expect(applied).toEqual([{ pass: 'fuse-channel-affine', changes: steps.length }]);
  for (const fed of feedsOf(layer)) {
    const bound = absoluteBound(model, fed, steps.length * (2 * LAYERS[layer].k + 4) * 2 ** -24);
    expectWithin(evaluate(fused, fed), evaluate(model, fed), bound);
    expectWithin(await runOnce(fused, fed), await runOnce(model, fed), bound);
  }
});

test('c - y negates weight and bias', async () => {
  const model = build('Conv', [['Sub', [6, 1, 1], true]]);
  const { model: fused } = applyPasses(model, ['fuse-channel-affine']);
  expect(kinds(fused)).toEqual(['Conv']);
  for (const fed of feedsOf('Conv')) {
    const positive = build('Conv', [['Add', [6, 1, 1]]]);
    const bound = absoluteBound(positive, fed, (2 * 36 + 4) * 2 ** -24);
    expectWithin(evaluate(fused, fed), evaluate(model, fed), bound);
    expectWithin(await runOnce(fused, fed), await runOnce(model, fed), bound);
  }
});

test('a sum moves the bias alone: the weight stays the same tensor, shared or not', () => {
  const model = build('Conv', [['Add', [6, 1, 1]]], (g) => g.output(g.op('Neg', [g.graph.value('w')!]), 'z'));
  const { model: fused } = applyPasses(model, ['fuse-channel-affine']);
  expect(kinds(fused)).toEqual(['Conv', 'Neg']);
  expect(fused.graph.value('w')!.initializer!.hash()).toBe(model.graph.value('w')!.initializer!.hash());
  expect([...fused.graph.initializers()].map(String)).toEqual(['w', 'b', 'c']);
});

test.each<[string, Layer, Step[], ((g: GraphBuilder, hidden: Value) => void) | undefined]>([
  ['a constant along the width', 'Conv', [['Mul', [3]]], undefined],
  ['a constant of another rank', 'Conv', [['Mul', [1, 1, 6, 1, 1]]], undefined],
  [
    'a result that is read elsewhere',
    'Conv',
    [['Mul', [6, 1, 1]]],
    (g, hidden) => g.output(g.op('Neg', [hidden]), 'z'),
  ],
  ['a quotient of the constant', 'Conv', [['Div', [6, 1, 1], true]], undefined],
  ['a sum behind a MatMul', 'MatMul', [['Add', [6]]], undefined],
  ['a factor along the rows', 'MatMul', [['Mul', [3, 1]]], undefined],
])('stays: %s', (_, layer, steps, extra) => {
  expect(applyPasses(build(layer, steps, extra), ['fuse-channel-affine']).applied).toEqual([]);
});

test('stays: a factor of a large weight that others read, and one that leaves the range', () => {
  const shared = new GraphBuilder('net');
  const x = shared.input('x', 'float32', ['n', 32]);
  const w = shared.graph.addInitializer('w', randomTensor([32, 32], 1));
  shared.output(shared.op('Mul', [shared.op('MatMul', [x, w]), shared.constant(2, 'float32')]), 'y');
  shared.output(shared.op('Gather', [w, shared.input('i', 'int64', ['m'])]), 'z');
  expect(applyPasses(shared.model(), ['fuse-channel-affine']).applied).toEqual([]);
  const large = new GraphBuilder('net');
  const image = large.input('x', 'float16', ['n', 1, 3, 3]);
  const kernel = large.graph.addInitializer('w', Tensor.fromNumbers('float16', [1, 1, 1, 1], [60000]));
  large.output(large.op('Mul', [large.op('Conv', [image, kernel]), large.constant(2, 'float16')]), 'y');
  expect(applyPasses(large.model(), ['fuse-channel-affine']).applied).toEqual([]);
});
