import { GraphBuilder, type PlainAttribute } from '../builder.js';
import { Tensor } from '../ir/tensor.js';
import { checkExact } from './testing/check-pass.js';

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
  ['Cast', [floats(1, NaN, 3, 2)], { to: 6 }],
  ['Cast', [floats(1, 3e9, 3, 2)], { to: 6 }],
  ['Cast', [floats(1, -Infinity, 3, 2)], { to: 7 }],
  ['Cast', [floats(1, 256, 3, 2)], { to: 2 }],
  ['Resize', [floats(1, 2, 3, 4), none, scales], { mode: 'linear', coordinate_transformation_mode: 'align_corners' }],
];

const CLEAR: typeof OPEN = [
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
