import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { runOnce } from '../testing/ort-session.js';

const PASSES = ['fuse-gelu', 'eliminate-dead-code'];
const x = Tensor.of(
  'float32',
  [64, 4],
  Float32Array.from({ length: 256 }, (_, i) => (i - 128) / 20),
);

async function check(model: Model): Promise<string[]> {
  const { model: fused } = applyPasses(model, PASSES);
  const bound = Tensor.of(
    'float64',
    x.dims,
    x.toFloat64().map((value) => 32 * 2 ** -24 * Math.abs(value)),
  );
  expectWithin(evaluate(fused, { x }), evaluate(model, { x }), { y: bound });
  expectWithin(await runOnce(fused, { x }), await runOnce(model, { x }), { y: bound });
  return kinds(fused);
}

type Form = (g: GraphBuilder, x: Value, c: (value: number) => Value) => Value;

const gate: Form = (g, input, c) => g.op('Add', [g.op('Erf', [g.op('Div', [input, c(Math.SQRT2)])]), c(1)]);
const cube: Form = (g, input, c) => {
  const sum = g.op('Add', [input, g.op('Mul', [c(0.044715), g.op('Pow', [input, c(3)])])]);
  return g.op('Add', [c(1), g.op('Tanh', [g.op('Mul', [c(Math.sqrt(2 / Math.PI)), sum])])]);
};
const FORMS: Record<string, Form> = {
  '(x * gate) * 0.5': (g, input, c) => g.op('Mul', [g.op('Mul', [input, gate(g, input, c)]), c(0.5)]),
  '0.5 * (gate * x)': (g, input, c) => g.op('Mul', [c(0.5), g.op('Mul', [gate(g, input, c), input])]),
  '(x * 0.5) * gate': (g, input, c) => g.op('Mul', [g.op('Mul', [input, c(0.5)]), gate(g, input, c)]),
  'x * (0.5 * gate)': (g, input, c) => g.op('Mul', [input, g.op('Mul', [c(0.5), gate(g, input, c)])]),
  'a product for the quotient': (g, input, c) => {
    const erf = g.op('Erf', [g.op('Mul', [c(Math.SQRT1_2), input])]);
    return g.op('Mul', [g.op('Mul', [input, g.op('Add', [c(1), erf])]), c(0.5)]);
  },
  'x * (0.5 + 0.5 * erf)': (g, input, c) => {
    const erf = g.op('Erf', [g.op('Mul', [input, c(Math.SQRT1_2)])]);
    return g.op('Mul', [input, g.op('Add', [c(0.5), g.op('Mul', [c(0.5), erf])])]);
  },
  'half of it by a division': (g, input, c) =>
    g.op('Div', [g.op('Mul', [input, gate(g, input, c)]), g.constant([2], 'float32')]),
  'the cube as products': (g, input, c) => {
    const cubed = g.op('Mul', [g.op('Mul', [input, input]), input]);
    const sum = g.op('Add', [g.op('Mul', [cubed, c(0.044715)]), input]);
    const open = g.op('Add', [g.op('Tanh', [g.op('Mul', [sum, c(Math.sqrt(2 / Math.PI))])]), c(1)]);
    return g.op('Mul', [c(0.5), g.op('Mul', [input, open])]);
  },
  'x * c * (1 + 0.044715 * x * x)': (g, input, c) => {
    const square = g.op('Mul', [g.op('Mul', [c(0.044715), input]), input]);
    const inner = g.op('Mul', [g.op('Mul', [input, c(Math.sqrt(2 / Math.PI))]), g.op('Add', [c(1), square])]);
    return g.op('Mul', [g.op('Mul', [c(0.5), input]), g.op('Add', [c(1), g.op('Tanh', [inner])])]);
  },
  'the tanh form by a sigmoid': (g, input, c) => {
    const sum = g.op('Add', [input, g.op('Mul', [c(0.044715), g.op('Pow', [input, c(3)])])]);
    return g.op('Mul', [input, g.op('Sigmoid', [g.op('Mul', [c(2 * Math.sqrt(2 / Math.PI)), sum])])]);
  },
  'the tanh form': (g, input, c) => g.op('Mul', [g.op('Mul', [c(0.5), input]), cube(g, input, c)]),
};

function build(form: Form, opset = 20): GraphBuilder {
  const g = new GraphBuilder('net', { opset, irVersion: 9 });
  const input = g.input('x', 'float32', ['n', 4]);
  g.output(
    form(g, input, (value) => g.constant(value, 'float32')),
    'y',
  );
  return g;
}

test.each(Object.keys(FORMS))('%s is one Gelu', async (name) => {
  expect(await check(build(FORMS[name]!).model())).toEqual(['Gelu']);
});

const OTHERS: Record<string, Form> = {
  'another divisor': (g, input, c) => {
    const erf = g.op('Erf', [g.op('Div', [input, c(1.4142)])]);
    return g.op('Mul', [g.op('Mul', [input, g.op('Add', [erf, c(1)])]), c(0.5)]);
  },
  'another factor': (g, input, c) => g.op('Mul', [g.op('Mul', [g.op('Neg', [input]), gate(g, input, c)]), c(0.5)]),
  'another cubic coefficient': (g, input, c) => {
    const sum = g.op('Add', [input, g.op('Mul', [c(0.0447), g.op('Pow', [input, c(3)])])]);
    const open = g.op('Add', [c(1), g.op('Tanh', [g.op('Mul', [c(Math.sqrt(2 / Math.PI)), sum])])]);
    return g.op('Mul', [g.op('Mul', [c(0.5), input]), open]);
  },
  'a square for the cube': (g, input, c) => {
    const sum = g.op('Add', [input, g.op('Mul', [c(0.044715), g.op('Pow', [input, c(2)])])]);
    const open = g.op('Add', [c(1), g.op('Tanh', [g.op('Mul', [c(Math.sqrt(2 / Math.PI)), sum])])]);
    return g.op('Mul', [g.op('Mul', [c(0.5), input]), open]);
  },
  'a constant that gives the result another rank': (g, input, c) =>
    g.op('Mul', [g.op('Mul', [input, gate(g, input, c)]), g.constant([0.5], 'float32', [1, 1, 1])]),
  'no half': (g, input, c) => g.op('Mul', [input, gate(g, input, c)]),
  'a gate read elsewhere': (g, input, c) => {
    const open = gate(g, input, c);
    g.output(g.op('Relu', [open]), 'z');
    return g.op('Mul', [g.op('Mul', [input, open]), c(0.5)]);
  },
};

test.each(Object.keys(OTHERS))('stays: %s', (name) => {
  expect(applyPasses(build(OTHERS[name]!).model(), ['fuse-gelu']).applied).toEqual([]);
});

test('stays before opset 20', () => {
  expect(applyPasses(build(FORMS['(x * gate) * 0.5']!, 17).model(), ['fuse-gelu']).applied).toEqual([]);
});

test.each(['(x * gate) * 0.5', 'the tanh form', 'the cube as products'])('float16: %s', async (name) => {
  const g = new GraphBuilder('net', { opset: 20, irVersion: 9 });
  const input = g.input('x', 'float16', ['n', 4]);
  // Constants become the nearest of float16: 1.4142 is 1.4140625 there.
  const half = (value: number) => g.constant(value, 'float16');
  const model = g.output(FORMS[name]!(g, input, half), 'y').model();
  const { model: fused } = applyPasses(model, PASSES);
  expect(kinds(fused)).toEqual(['Gelu']);
  const x16 = Tensor.fromNumbers('float16', x.dims, x.toFloat64());
  // Products below the normal numbers err by half the smallest one, 2^-25, a few times.
  const most = Tensor.of(
    'float64',
    x.dims,
    x.toFloat64().map((value) => 32 * 2 ** -11 * Math.abs(value) + 4 * 2 ** -25),
  );
  expectWithin(evaluate(fused, { x: x16 }), evaluate(model, { x: x16 }), { y: most });
  expectWithin(await runOnce(fused, { x: x16 }), await runOnce(model, { x: x16 }), { y: most });
});
