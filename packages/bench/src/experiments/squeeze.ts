import { decodeModel, encodeModel, openGsm } from '@gossamer/encode';
import type { Model } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { deadUnits, rateAware, removeUnits } from '@gossamer/prune';
import { trainOnGrids } from '@gossamer/quantize';
import { type Dataset, train, type TrainOptions } from '@gossamer/train';
import { writeFileSync } from 'node:fs';
import { narrow } from './narrow.js';
import type { Point, TrainStage } from './record-points.js';

type Stage = (options: TrainStage, label: string) => TrainOptions;

/**
 * Makes of a trained net the file `path` (.gsm): the widest units stay, weights go by what they cost, those left are trained on few values, dead units are removed. Gives the model that was
 * decoded from the file.
 */
export async function squeeze(
  dense: Model,
  digits: Dataset,
  { widths, whole, thin, last }: Point,
  stage: Stage,
  path: string,
): Promise<{ readonly decoded: Model; readonly figures: Readonly<Record<string, number>> }> {
  let model = widths ? narrow(dense, widths) : dense;
  if (whole) model = (await train(model, digits, stage(whole, 'whole'))).model;
  if (thin) {
    const { weights, rate, end, curve } = thin;
    const result = await train(model, digits, {
      ...stage(thin, 'thin'),
      sparsifier: rateAware({ parameters: namesOf(model, true), weights, rate, end, curve }),
    });
    model = withoutDead(result.model);
  }
  if (last) model = await onFewValues(model, digits, last, stage);
  const { pieces } = await encodeModel(model);
  writeFileSync(path, Buffer.concat(pieces));
  await decodeModel(openGsm(path), `${path}.onnx`);
  const decoded = await loadModel(`${path}.onnx`);
  const weights = countOf(decoded, namesOf(decoded, true));
  return { decoded, figures: { weights, parameters: weights + countOf(decoded, namesOf(decoded, false)) } };
}

async function onFewValues(
  model: Model,
  digits: Dataset,
  last: NonNullable<Point['last']>,
  stage: Stage,
): Promise<Model> {
  const { weights, rate, end, curve, weightBits, biasStep } = last;
  const parameters = namesOf(model, true);
  const trained = await trainOnGrids(model, digits, {
    ...stage(last, 'last'),
    ...{ weights: parameters, biases: namesOf(model, false), weightBits, biasStep },
    masks: new Map(parameters.map((name) => [name, Uint8Array.from(floatsOf(model, name), (w) => (w === 0 ? 0 : 1))])),
    sparsifier: rateAware({ parameters, weights, rate, end, curve }),
  });
  return withoutDead(trained.model);
}

/** Elements that are not 0. */
const countOf = (model: Model, names: readonly string[]): number =>
  names.reduce((sum, name) => sum + floatsOf(model, name).filter((w) => w !== 0).length, 0);

const withoutDead = (model: Model): Model => {
  const dead = deadUnits(model);
  return dead.length > 0 ? withoutDead(removeUnits(model, dead).model) : model;
};

/** Names of weights (rank 2 and more), or of biases. */
const namesOf = (model: Model, isWeight: boolean): string[] =>
  [...model.graph.initializers()]
    .filter(({ initializer }) => initializer!.dtype === 'float32' && initializer!.dims.length >= 2 === isWeight)
    .map(({ name }) => name);

const floatsOf = (model: Model, name: string): Float32Array => model.graph.value(name)!.initializer!.toFloat32();
