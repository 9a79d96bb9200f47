import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import type { Value } from '../../ir/value.js';
import { absoluteBound, mapFloats } from '../testing/absolute-bound.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

function normalise(g: GraphBuilder, x: Value, channels: number): Value {
  const parameter = (name: string, seed: number) => g.graph.addInitializer(name, randomTensor([channels], seed));
  const variance = mapFloats(randomTensor([channels], 4), (v) => v * v + 0.1);
  const inputs = [x, parameter('scale', 1), parameter('shift', 2), parameter('mean', 3)];
  return g.op('BatchNormalization', [...inputs, g.graph.addInitializer('variance', variance)]);
}

interface Case {
  readonly before: (g: GraphBuilder, x: Value) => Value;
  readonly op?: string;
  readonly dims?: readonly (number | string)[];
  readonly weight?: readonly number[];
  readonly attributes?: Record<string, number | readonly number[]>;
  readonly left?: readonly string[];
  readonly bias?: boolean;
  /** Products in a sum. */
  readonly k?: number;
}

const norm: Case['before'] = (g, x) => normalise(g, x, 4);
const times: Case['before'] = (g, x) => g.op('Mul', [x, g.graph.addInitializer('c', randomTensor([4, 1, 1], 5))]);
const matrix = { before: norm, dims: ['n', 4], k: 4 };

const CASES: Record<string, Case> = {
  'a normalization before an unpadded Conv': { before: norm },
  'before a grouped Conv without bias': {
    before: norm,
    weight: [6, 2, 3, 3],
    attributes: { group: 2 },
    bias: false,
    k: 18,
  },
  'before a depthwise Conv': { before: norm, weight: [8, 1, 3, 3], attributes: { group: 4 }, k: 9 },
  'a factor before a padded Conv': { before: times, attributes: { pads: [1, 1, 1, 1] } },
  'one for all, subtracted': {
    before: (g, x) => g.op('Sub', [x, g.graph.addInitializer('minus', randomTensor([1], 5))]),
  },
  'before a Gemm': { ...matrix, op: 'Gemm', weight: [4, 6], left: ['Gemm'] },
  'before a Gemm with transB': { ...matrix, op: 'Gemm', weight: [6, 4], attributes: { transB: 1 }, left: ['Gemm'] },
  'before a MatMul of two matrices': { ...matrix, op: 'MatMul', weight: [4, 6], bias: false, left: ['Gemm'] },
};

function build({
  before,
  op = 'Conv',
  dims = ['n', 4, 5, 5],
  weight = [6, 4, 3, 3],
  attributes = {},
  bias = true,
}: Case) {
  const g = new GraphBuilder('net');
  const w = g.graph.addInitializer('w', randomTensor(weight, 9));
  const addend = bias ? [g.graph.addInitializer('b', randomTensor([op === 'Conv' ? weight[0]! : 6], 8))] : [];
  const x = before(g, g.input('x', 'float32', dims));
  return g.output(g.op(op, [x, w, ...addend], attributes), 'y').model();
}

test.each(Object.keys(CASES))('%s', async (name) => {
  const given = CASES[name]!;
  const model = build(given);
  const { model: fused } = applyPasses(model, ['fuse-input-affine']);
  expect(kinds(fused)).toEqual(given.left ?? ['Conv']);
  for (const n of [1, 3]) {
    const x = randomTensor(
      (given.dims ?? ['n', 4, 5, 5]).map((dim) => (typeof dim === 'number' ? dim : n)),
      n,
    );
    const bound = absoluteBound(model, { x }, (2 * (given.k ?? 36) + 9) * 2 ** -24);
    expectWithin(evaluate(fused, { x }), evaluate(model, { x }), bound);
    expectWithin(await runOnce(fused, { x }), await runOnce(model, { x }), bound);
  }
});

test.each<[string, Case]>([
  ['a shift before padding', { before: norm, attributes: { pads: [1, 1, 1, 1] } }],
  ['a shift before computed padding', { before: norm, attributes: { auto_pad: 'SAME_UPPER' as never } }],
  ['data of one channel', { before: times, dims: ['n', 1, 5, 5] }],
  [
    'a factor along the width',
    { before: (g, x) => g.op('Mul', [x, g.graph.addInitializer('c', randomTensor([5], 5))]) },
  ],
  [
    'a result that is read elsewhere',
    {
      before: (g, x) => {
        const y = norm(g, x);
        g.output(g.op('Neg', [y]), 'z');
        return y;
      },
    },
  ],
  ['transA', { ...matrix, dims: [4, 4], op: 'Gemm', weight: [4, 6], attributes: { transA: 1 } }],
])('stays: %s', (_, given) => {
  expect(applyPasses(build(given), ['fuse-input-affine']).applied).toEqual([]);
});
