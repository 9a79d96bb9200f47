import { GraphBuilder, type PlainAttribute } from '../builder.js';
import { Tensor } from '../ir/tensor.js';
import { applyPasses, checkExact } from './testing/check-pass.js';

const floats = (...values: number[]) => Tensor.fromNumbers('float32', [1, 1, 2, values.length / 2], values);
const none = undefined;
const scales = Tensor.fromNumbers('float32', [4], [1, 1, 1, 1.3]);

/** Operator, constant inputs, attributes: what an evaluator and ONNX Runtime give differently, or may. */
const OPEN: [string, readonly (Tensor | undefined)[], Record<string, PlainAttribute>][] = [
  ['ReduceMax', [floats(1, NaN, 3, 2)], {}],
  ['ReduceMin', [floats(NaN, 1, 3, 2)], {}],
  ['ArgMax', [floats(1, NaN, 3, 2)], { axis: 3 }],
  ['Hardmax', [floats(1, NaN, 3, 2)], {}],
  ['MaxPool', [floats(1, NaN, 3, 2)], { kernel_shape: [2, 2] }],
  ['MaxPool', [floats(1, 4, 3, 2)], { kernel_shape: [1, 2], auto_pad: 'SAME_UPPER' }],
  ['AveragePool', [floats(1, 4, 3, 2)], { kernel_shape: [1, 2], auto_pad: 'SAME_LOWER' }],
  ['NonZero', [Tensor.scalar('float32', 2)], {}],
  ['Cast', [floats(1, NaN, 3, 2)], { to: 6 }],
  ['Cast', [floats(1, 3e9, 3, 2)], { to: 6 }],
  ['Cast', [floats(1, -Infinity, 3, 2)], { to: 7 }],
  ['Cast', [floats(1, 256, 3, 2)], { to: 2 }],
  ['Resize', [floats(1, 2, 3, 4), none, scales], { mode: 'linear', coordinate_transformation_mode: 'align_corners' }],
];

const CLEAR: typeof OPEN = [
  ['MaxPool', [floats(1, 4, 3, 2)], { kernel_shape: [1, 2], auto_pad: 'VALID' }],
  ['ReduceMax', [floats(1, 5, 3, 2)], {}],
  ['Cast', [floats(1.9, -1.9, 3, 2)], { to: 6 }],
  ['Cast', [floats(255.9, -0.9, 3, 2)], { to: 2 }],
  ['IsNaN', [floats(1, NaN, 3, 2)], {}],
  ['Pow', [floats(1, -1, NaN, 1), floats(NaN, Infinity, 0, Infinity)], {}],
];

async function folds(op: string, inputs: readonly (Tensor | undefined)[], attributes: Record<string, PlainAttribute>) {
  const g = new GraphBuilder('net');
  const values = inputs.map((tensor) => tensor && g.graph.addInitializer('c', tensor));
  g.output(g.op('Identity', [g.op(op, values, attributes)]), 'y');
  return (await checkExact(g.model(), ['fold-constants'], [{}])).applied.length > 0;
}

test.each(OPEN)('%s is left to the runtime where the standard leaves it open', async (...node) => {
  expect(await folds(...node)).toBe(false);
});

test.each(CLEAR)('%s folds otherwise, to what ONNX Runtime gives', async (...node) => {
  expect(await folds(...node)).toBe(true);
});

describe('text and classical machine learning', () => {
  const words = Tensor.ofStrings([1], [new TextEncoder().encode('a b')]);
  const applied = (op: string, input: Tensor, attributes: Record<string, PlainAttribute>, domain = '') => {
    const g = new GraphBuilder('net', { opset: 20, irVersion: 9, domains: { 'ai.onnx.ml': 3 } });
    g.output(g.op('Identity', [g.op(op, [g.graph.addInitializer('c', input)], attributes, { domain })]), 'y');
    return applyPasses(g.model(), ['fold-constants']).applied.length > 0;
  };

  test('are left to the runtime where it leaves the standard', () => {
    expect(applied('StringSplit', words, {})).toBe(false);
    expect(applied('StringNormalizer', words, { case_change_action: 'UPPER' })).toBe(false);
    expect(applied('Cast', floats(1e20, 1), { to: 8 })).toBe(false);
    expect(applied('Normalizer', Tensor.fromNumbers('float32', [2], [3, 4]), { norm: 'L2' }, 'ai.onnx.ml')).toBe(false);
  });

  test('fold where both say the same', () => {
    expect(applied('RegexFullMatch', words, { pattern: 'a.b' })).toBe(true);
    expect(applied('Cast', Tensor.fromNumbers('int64', [1], [7]), { to: 8 })).toBe(true);
  });
});
