import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { checkGraph } from '../../../ir/check.js';
import { maxAbsError, read, runEverywhere, save } from '../../testing/in-memory.js';

/** What all layers of TF.js have in common; their class types do not extend each other. */
export interface Layer {
  apply(inputs: tfl.SymbolicTensor | tfl.SymbolicTensor[]): unknown;
}

/**
 * Bound: float32 sums of at most 100 terms of order 1 in another order differ by about 100 * 2^-24 = 6e-6; recurrent layers and the
 * hard cases stay well below.
 */
export const TOLERANCE = 1e-5;

/** Gives every weight a value of its own: zeros and ones of initializers would hide swapped or missing weights. */
export function randomize(model: tfl.LayersModel): void {
  model.setWeights(
    model.getWeights().map((weight, i) => {
      const values = tf.randomUniform(weight.shape, 0.1, 0.9, 'float32', i + 1);
      // Variances must be positive, other weights should have both signs.
      return /variance/.test(model.weights[i]!.originalName) ? values : tf.sub(values, 0.5);
    }),
  );
}

/** Largest difference of a model's outputs between TF.js and the import, in the reference evaluator and ONNX Runtime. */
export async function modelError(model: tfl.LayersModel, inputs: tf.Tensor[]): Promise<number> {
  randomize(model);
  const expected = [model.predict(inputs.length === 1 ? inputs[0]! : inputs)].flat();
  const imported = read(await save(model));
  checkGraph(imported.graph);
  expect(imported.graph.inputs.map(({ name }) => name)).toEqual(model.inputNames);
  const feeds = Object.fromEntries(model.inputNames.map((name, i) => [name, inputs[i]!]));
  const { evaluator, ort } = await runEverywhere(imported, feeds);
  expect(imported.graph.outputs).toHaveLength(expected.length);
  return Math.max(
    ...imported.graph.outputs.flatMap(({ name }, i) =>
      [evaluator, ort].map((results) => maxAbsError(results[name]!, expected[i]!)),
    ),
  );
}

/** Layers one after another between an input and the output. */
export function chain(shape: number[], dtype: 'float32' | 'int32', ...layers: readonly Layer[]): tfl.LayersModel {
  const input = tfl.input({ shape, dtype });
  let last = input;
  for (const layer of layers) last = layer.apply(last) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: last });
}
