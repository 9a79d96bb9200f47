import * as tf from '@tensorflow/tfjs-core';
import { errorOf } from '../testing/error-of.js';
import { executeInTfjs, GraphDefBuilder } from '../testing/graph-def.js';
import { maxAbsError, read, runEverywhere } from '../testing/in-memory.js';

const shape = { shape: { dim: [{ size: '-1' }, { size: '3' }] } };

function model(toDefault: (g: GraphDefBuilder, constant: string) => string) {
  const g = new GraphDefBuilder();
  const x = g.placeholder('x', 'DT_FLOAT', [-1, 3]);
  const fallback = toDefault(g, g.constant(tf.tensor2d([[1, 2, 3]])));
  const d = g.node('PlaceholderWithDefault', [fallback], { dtype: 'DT_FLOAT', shape });
  return g.save([g.node('Mul', [x, d])]);
}

test('an input that has a default: fed or not, as in TF.js', async () => {
  const saved = model((_, constant) => constant);
  const [output] = Object.keys((saved.json['signature'] as { outputs: object }).outputs) as [string];
  const imported = read(saved);
  expect(imported.graph.inputs.map(({ name }) => name)).toEqual(['x', 'PlaceholderWithDefault_2']);
  const x = tf.tensor2d([[4, 5, 6]]);
  const [unfed, fed] = [{ x }, { x, PlaceholderWithDefault_2: tf.tensor2d([[7, 8, 9]]) }];
  const errors = async (feeds: Readonly<Record<string, tf.Tensor>>) => {
    const [expected] = await executeInTfjs(saved, feeds, [output]);
    const { evaluator, ort } = await runEverywhere(imported, feeds);
    return [evaluator, ort].map((results) => maxAbsError(results[output]!, expected!));
  };
  expect(await errors(unfed)).toEqual([0, 0]);
  // onnxruntime-node passes on no input that has a default, though ONNX Runtime would take it: it computes with the default, 4 * 1, ...
  expect(await errors(fed)).toEqual([0, 6 * 9 - 6 * 3]);
});

test('a computed default is refused', () => {
  const error = errorOf(() => read(model((g, constant) => g.node('Neg', [constant]))));
  expect(error.code).toBe('ERR_TFJS_NODE');
  expect(error.message).toMatch(/PlaceholderWithDefault default: expected a constant/);
});
