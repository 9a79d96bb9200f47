import { attribute, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Attributes, Emitter } from '../emit/emitter.js';
import { checkGradient, emptyEmitter, sampleNumbers } from '../testing/check-gradient.js';
import { checkLowering } from '../testing/check-lowering.js';
import { lowered } from '../testing/lowered.js';

const fused = (g: Emitter, op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}) =>
  g.op(op, inputs, attributes, { domain: 'com.microsoft' });

test.each(['Gelu', 'FastGelu', 'QuickGelu'])('%s', (op) => {
  checkLowering({ x: { shape: [2, 3] } }, (g, { x }) => fused(g, op, [x]));
});

test.each(['BiasGelu', 'FastGelu'])('%s with a bias', (op) => {
  checkLowering({ x: { shape: [2, 3] }, b: { shape: [3] } }, (g, { x, b }) => fused(g, op, [x, b]));
});

test.each<[number[], number[], Attributes]>([
  [[2, 3], [3, 4], { alpha: 0.5 }],
  [[3, 2], [4, 3], { transA: 1, transB: 1 }],
  [[2, 5, 3], [4, 3], { transB: 1 }],
  [[3, 5, 2], [5, 2, 4], { transBatchA: 1 }],
  [[3, 5, 2], [4, 5, 3], { transBatchA: 1, transA: 1, transBatchB: 1, transB: 1 }],
])('FusedMatMul of %j and %j, %j', (a, b, attributes) => {
  checkLowering({ a: { shape: a }, b: { shape: b } }, (g, { a, b }) => fused(g, 'FusedMatMul', [a, b], attributes));
});

test.each<Attributes>([
  { activation: 'Relu' },
  { activation: 'LeakyRelu', activation_alpha: 0.1 },
  { activation: 'Elu' },
  { activation: 'HardSigmoid', activation_alpha: 0.25 },
  { activation: 'Tanh' },
  { activation: 'Sigmoid' },
  { activation: 'Softplus' },
  { activation: 'Softsign' },
  { activation: 'Clip', activation_alpha: -0.4, activation_beta: 0.5 },
])('FusedGemm with %j', (attributes) => {
  checkLowering({ a: { shape: [2, 3] }, b: { shape: [4, 3] }, c: { shape: [4] } }, (g, { a, b, c }) =>
    fused(g, 'FusedGemm', [a, b, c], { transB: 1, ...attributes }),
  );
});

test('FusedConv with an addend', () => {
  const inputs = { x: { shape: [1, 2, 4] }, w: { shape: [3, 2, 3] }, b: { shape: [3] }, z: { shape: [1, 3, 4] } };
  const attributes = { pads: [1, 1], activation: 'LeakyRelu', activation_params: attribute.floats([0.2]) };
  checkLowering(inputs, (g, { x, w, b, z }) => fused(g, 'FusedConv', [x, w, b, z], attributes));
});

test.each(['NhwcConv', 'NhwcFusedConv'])('%s: the convolution of x with channels first', (op) => {
  const attributes = { group: 2, strides: [2, 1], ...(op === 'NhwcFusedConv' ? { activation: 'Tanh' } : {}) };
  const inputs = { x: { shape: [1, 4, 3, 2] }, w: { shape: [4, 1, 2, 2] }, b: { shape: [4] } };
  checkGradient(inputs, (g, { x, w, b }) => {
    const y = lowered(g, fused(g, op, [x, w, b], attributes))[0]!;
    const first = fused(g, 'FusedConv', [g.transpose(x!, [0, 3, 1, 2]), w, b], attributes);
    return g.sub(y, g.scale(g.transpose(lowered(g, first)[0]!, [0, 2, 3, 1]), 0.5));
  });
  const g = emptyEmitter();
  const values = Object.entries(inputs).map(([name, { shape }]) => g.input(name, 'float32', shape));
  const [x, w, b] = values;
  g.output(lowered(g, fused(g, op, [x, w, b], attributes))[0]!, 'y');
  const first = fused(g, 'FusedConv', [g.transpose(x!, [0, 3, 1, 2]), w, b], attributes);
  g.output(g.transpose(first, [0, 2, 3, 1]), 'expected');
  const feeds = Object.fromEntries(
    values.map((value, i) => [value.name, Tensor.of('float64', g.shape(value), sampleNumbers(g.size(value), i))]),
  );
  const results = evaluate(g.model, feeds, { precision: 'float64' });
  expect(results['y']!.toFloat64()).toEqual(results['expected']!.toFloat64());
});

test('an unknown activation is refused', () => {
  const g = emptyEmitter();
  const [a, b] = [g.input('a', 'float32', [2, 2]), g.input('b', 'float32', [2, 2])];
  const y = fused(g, 'FusedGemm', [a, b], { activation: 'Swash' });
  expect(() => lowered(g, y)).toThrow(expect.objectContaining({ code: 'ERR_TRAINING_FORM' }) as Error);
});

const NORMALIZED = { x: { shape: [2, 3] }, skip: { shape: [2, 3] }, scale: { shape: [3] }, bias: { shape: [3] } };
const epsilon = attribute.float(0.01);

test('SkipLayerNormalization, and its sum', () => {
  const inputs = { ...NORMALIZED, shift: { shape: [3] } };
  for (const output of [0, 3]) {
    checkLowering(inputs, (g, { x, skip, scale, shift, bias }) => {
      const options = { domain: 'com.microsoft', outputs: 4 };
      return g.ops('SkipLayerNormalization', [x, skip, scale, shift, bias], { epsilon }, options)[output]!;
    });
  }
  checkLowering({ x: inputs.x, skip: inputs.skip, scale: inputs.scale }, (g, { x, skip, scale }) =>
    fused(g, 'SkipLayerNormalization', [x, skip, scale], { epsilon }),
  );
});

test('SkipSimplifiedLayerNormalization', () => {
  checkLowering(NORMALIZED, (g, { x, skip, scale, bias }) =>
    fused(g, 'SkipSimplifiedLayerNormalization', [x, skip, scale, bias], { epsilon }),
  );
});
