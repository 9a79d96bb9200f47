import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { runOnce } from '../testing/ort-session.js';

type Write = (g: GraphBuilder, x: Value, c: (value: number) => Value) => Value;

interface Case {
  readonly pass: string;
  readonly write: Write;
  readonly left: readonly string[];
  readonly opset?: number;
  /** The stated bound at x, in units of 2^-24. */
  readonly bound: (x: number) => number;
  /** False where neither eval nor this ONNX Runtime has the operator. */
  readonly runs?: boolean;
}

const clipped: Write = (g, x, c) => g.op('Clip', [g.op('Add', [x, c(3)]), c(0), c(6)]);
const swish: Write = (g, x) => g.op('Mul', [x, g.op('Sigmoid', [x])]);
const sigmoid = { pass: 'fuse-hard-sigmoid', bound: () => 6 };
const gated = { pass: 'fuse-hard-sigmoid', left: ['HardSigmoid', 'Mul'], bound: (x: number) => 8 * Math.abs(x) };
const smooth = (x: number) => 16 * Math.abs(x);

const CASES: Record<string, Case> = {
  'clip(x + 3, 0, 6) / 6': {
    ...sigmoid,
    write: (g, x, c) => g.op('Div', [clipped(g, x, c), c(6)]),
    left: ['HardSigmoid'],
  },
  'clip(x + 3, 0, 6) times a sixth': {
    ...sigmoid,
    write: (g, x, c) => g.op('Mul', [c(1 / 6), clipped(g, x, c)]),
    left: ['HardSigmoid'],
  },
  'clip(0.2 x + 0.5, 0, 1)': {
    ...sigmoid,
    write: (g, x, c) => g.op('Clip', [g.op('Add', [g.op('Mul', [x, c(0.2)]), c(0.5)]), c(0), c(1)]),
    left: ['HardSigmoid'],
  },
  'bounds that are attributes': {
    ...sigmoid,
    write: (g, x, c) =>
      g.op('Div', [g.op('Clip', [g.op('Add', [x, c(3)])], { min: attribute.float(0), max: attribute.float(6) }), c(6)]),
    left: ['HardSigmoid'],
    opset: 9,
  },
  'x clip(x + 3, 0, 6) / 6': { ...gated, write: (g, x, c) => g.op('Div', [g.op('Mul', [x, clipped(g, x, c)]), c(6)]) },
  'x (clip(x + 3, 0, 6) / 6)': {
    ...gated,
    write: (g, x, c) => g.op('Mul', [g.op('Div', [clipped(g, x, c), c(6)]), x]),
  },
  'x / 6 clip(x + 3, 0, 6)': {
    ...gated,
    write: (g, x, c) => g.op('Mul', [g.op('Mul', [x, c(1 / 6)]), clipped(g, x, c)]),
  },
  'x tanh(softplus(x))': {
    pass: 'fuse-mish',
    write: (g, x) => g.op('Mul', [x, g.op('Tanh', [g.op('Softplus', [x])])]),
    left: ['Mish'],
    bound: smooth,
  },
  'x hardsigmoid(x)': {
    pass: 'fuse-hard-swish',
    write: (g, x) =>
      g.op('Mul', [g.op('HardSigmoid', [x], { alpha: attribute.float(1 / 6), beta: attribute.float(0.5) }), x]),
    left: ['HardSwish'],
    bound: (x) => 8 * Math.abs(x),
  },
  'x sigmoid(x), for ONNX Runtime': {
    pass: 'fuse-quick-gelu',
    write: swish,
    left: ['com.microsoft::QuickGelu'],
    bound: smooth,
  },
  'x sigmoid(1.702 x)': {
    pass: 'fuse-quick-gelu',
    write: (g, x, c) => g.op('Mul', [g.op('Sigmoid', [g.op('Mul', [x, c(1.702)])]), x]),
    left: ['com.microsoft::QuickGelu'],
    bound: smooth,
  },
  'Gelu of a sum, for ONNX Runtime': {
    pass: 'fuse-bias-gelu',
    write: (g, x) => g.op('Gelu', [g.op('Add', [g.constant([1, -2, 0.5, 0], 'float32'), x])]),
    left: ['com.microsoft::BiasGelu'],
    opset: 20,
    bound: (x) => 34 * (Math.abs(x) + 2),
  },
  'x sigmoid(x)': { pass: 'fuse-swish', write: swish, left: ['Swish'], opset: 24, bound: smooth },
};

function build(write: Write, opset = 18) {
  const g = new GraphBuilder('net', { opset, irVersion: 9 });
  const x = g.input('x', 'float32', ['n', 4]);
  return g
    .output(
      write(g, x, (value) => g.constant(value, 'float32')),
      'y',
      'float32',
      ['n', 4],
    )
    .model();
}

test.each(Object.keys(CASES))('%s', async (name) => {
  const { pass, write, left, opset, bound } = CASES[name]!;
  const model = build(write, opset);
  const { model: fused } = applyPasses(model, [pass]);
  expect(kinds(fused)).toEqual(left);
  for (const rows of [8, 40]) {
    const data = Float32Array.from({ length: rows * 4 }, (_, i) => (i - 2 * rows) / 7);
    const x = Tensor.of('float32', [rows, 4], data);
    const y = Tensor.of(
      'float64',
      x.dims,
      x.toFloat64().map((value) => bound(value) * 2 ** -24),
    );
    expectWithin(evaluate(fused, { x }), evaluate(model, { x }), { y });
    expectWithin(await runOnce(fused, { x }), await runOnce(model, { x }), { y });
  }
});

test.each<[string, string, Write, ...number[]]>([
  [
    'another bound',
    'fuse-hard-sigmoid',
    (g, x, c) => g.op('Div', [g.op('Clip', [g.op('Add', [x, c(3)]), c(0), c(5)]), c(6)]),
  ],
  [
    'another offset',
    'fuse-hard-sigmoid',
    (g, x, c) => g.op('Div', [g.op('Clip', [g.op('Add', [x, c(2)]), c(0), c(6)]), c(6)]),
  ],
  [
    'another slope',
    'fuse-hard-sigmoid',
    (g, x, c) => g.op('Clip', [g.op('Add', [g.op('Mul', [x, c(0.21)]), c(0.5)]), c(0), c(1)]),
  ],
  [
    'a lower bound below 0',
    'fuse-hard-sigmoid',
    (g, x, c) => g.op('Div', [g.op('Clip', [g.op('Add', [x, c(3)]), c(-1), c(6)]), c(6)]),
  ],
  ['the sigmoid of something else', 'fuse-quick-gelu', (g, x) => g.op('Mul', [x, g.op('Sigmoid', [g.op('Neg', [x])])])],
  ['a sum in the sigmoid', 'fuse-quick-gelu', (g, x, c) => g.op('Mul', [x, g.op('Sigmoid', [g.op('Add', [x, c(1)])])])],
  [
    'a Softplus that is read elsewhere',
    'fuse-mish',
    (g, x) => {
      const soft = g.op('Softplus', [x]);
      g.output(g.op('Neg', [soft]), 'z');
      return g.op('Mul', [x, g.op('Tanh', [soft])]);
    },
  ],
  ['Mish before opset 18', 'fuse-mish', CASES['x tanh(softplus(x))']!.write, 17],
  ['HardSwish before opset 14', 'fuse-hard-swish', CASES['x hardsigmoid(x)']!.write, 13],
  ['another HardSigmoid', 'fuse-hard-swish', (g, x) => g.op('Mul', [x, g.op('HardSigmoid', [x])])],
  [
    'the tanh form of a sum',
    'fuse-bias-gelu',
    (g, x) => g.op('Gelu', [g.op('Add', [x, g.constant([1, 2, 3, 4], 'float32')])], { approximate: 'tanh' }),
    20,
  ],
  [
    'a bias along another axis',
    'fuse-bias-gelu',
    (g, x) => g.op('Gelu', [g.op('Add', [x, g.constant([1], 'float32')])]),
    20,
  ],
  ['Swish before opset 24', 'fuse-swish', swish, 23],
])('stays: %s', (_, pass, write, ...[opset]) => {
  expect(applyPasses(build(write, opset), [pass]).applied).toEqual([]);
});

test.each(['fuse-hard-sigmoid', 'fuse-mish', 'fuse-quick-gelu'])('float16: %s', async (pass) => {
  const name = Object.keys(CASES).find((key) => CASES[key]!.pass === pass)!;
  const { write, left, bound } = CASES[name]!;
  const g = new GraphBuilder('net', { opset: 18, irVersion: 9 });
  const input = g.input('x', 'float16', ['n', 4]);
  const model = g
    .output(
      write(g, input, (value) => g.constant(value, 'float16')),
      'y',
    )
    .model();
  const { model: fused } = applyPasses(model, [pass]);
  expect(kinds(fused)).toEqual(left);
  const values = Array.from({ length: 64 }, (_, i) => (i - 32) / 7);
  const x = Tensor.fromNumbers('float16', [16, 4], values);
  // Products below the normal numbers err by half the smallest one, a few times.
  const most = x.toFloat64().map((value) => bound(value) * 2 ** -11 + 4 * 2 ** -25);
  const y = Tensor.of('float64', x.dims, most);
  expectWithin(evaluate(fused, { x }), evaluate(model, { x }), { y });
  expectWithin(await runOnce(fused, { x }), await runOnce(model, { x }), { y });
});

test('float64 stays, where ONNX Runtime has no HardSigmoid', () => {
  const g = new GraphBuilder('net', { opset: 18 });
  const [x, c] = [g.input('x', 'float64', ['n', 4]), (value: number) => g.constant(value, 'float64')];
  const clip = g.op('Clip', [g.op('Add', [x, c(3)]), c(0), c(6)]);
  const model = g.output(g.op('Div', [clip, c(6)]), 'y').model();
  expect(applyPasses(model, ['fuse-hard-sigmoid']).applied).toEqual([]);
});
