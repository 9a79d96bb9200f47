import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import { evaluate } from '../../eval/index.js';
import { runInOrt } from '../../eval/testing/ort.js';
import { MemorySource } from '../../wire/memory-source.js';
import { parseTfjsModel } from '../load-model.js';

// Keeps TF.js from advertising its native backend on the first operation.
tf.env().set('IS_TEST', true);

/** What TF.js's own save gives, as the text of a model.json and its one shard. */
export interface SavedModel {
  readonly json: Record<string, unknown>;
  readonly weights: Uint8Array;
}

/** Saves a layers model of TF.js through its own handler. */
export async function save(model: { save(handler: tf.io.IOHandler): Promise<unknown> }): Promise<SavedModel> {
  let saved: SavedModel | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const { modelTopology, weightSpecs, weightData } = artifacts;
      const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
      saved = { json: { modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] }, weights };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return saved!;
}

/** Reads a saved model with our reader. */
export function read({ json, weights }: SavedModel): Model {
  const source = new MemorySource(weights);
  return parseTfjsModel(JSON.stringify(json), () => source);
}

/** A tensor of ours with the values of one of TF.js's. */
export function fromTfjs(tensor: tf.Tensor): Tensor {
  const dtype = tensor.dtype === 'bool' ? 'bool' : tensor.dtype === 'int32' ? 'int32' : 'float32';
  return Tensor.fromNumbers(dtype, tensor.shape, tensor.dataSync<'float32'>());
}

/** Results of a model of ours, by engine: the reference evaluator, and stock ONNX Runtime from the written file. */
export async function runEverywhere(
  model: Model,
  feeds: Readonly<Record<string, tf.Tensor>>,
): Promise<Readonly<Record<'evaluator' | 'ort', Record<string, Tensor>>>> {
  const own = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, fromTfjs(tensor)]));
  return { evaluator: evaluate(model, own), ort: await runInOrt(model, own, 'all') };
}

/** Largest absolute difference; infinite where shapes differ or a value is not a number on one side only. */
export function maxAbsError(actual: Tensor, expected: tf.Tensor): number {
  if (actual.dims.join() !== expected.shape.join()) return Infinity;
  const a = actual.toFloat64();
  const b = expected.dataSync();
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Object.is(a[i], b[i]) ? 0 : Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return worst;
}
