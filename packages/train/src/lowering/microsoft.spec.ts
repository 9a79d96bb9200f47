import { attribute, type Value } from '@gossamer/graph';
import type { Attributes, Emitter } from '../emit/emitter.js';
import { emptyEmitter } from '../testing/check-gradient.js';
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
