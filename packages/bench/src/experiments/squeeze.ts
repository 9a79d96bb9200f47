import { decodeModel, encodeModel, openGsm } from '@gossamer/encode';
import type { Model } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { deadUnits, rateAware, removeUnits } from '@gossamer/prune';
import { trainOnGrids } from '@gossamer/quantize';
import { type Dataset, train, type TrainOptions } from '@gossamer/train';
import { writeFileSync } from 'node:fs';
import { narrow } from './narrow.js';
import type { Point, TrainStage } from './record-points.js';

/**
 * Makes of a trained net the file `path` (.gsm): the widest units stay, weights go by what they cost, those left are trained on few values, dead units are removed. Gives the model that was
 * decoded from the file.
 */
export async function squeeze(
  dense: Model,
  digits: Dataset,
  { widths, thin, last }: Point,
  stage: (options: TrainStage, label: string) => TrainOptions,
  path: string,
): Promise<{ readonly decoded: Model; readonly figures: Readonly<Record<string, number>> }> {
  let model = widths ? narrow(dense, widths) : dense;
  if (thin) {
    const { weights, rate, end, curve } = thin;
    const result = await train(model, digits, {
      ...stage(thin, 'thin'),
      sparsifier: rateAware({ parameters: namesOf(model, true), weights, rate, end, curve }),
    });
    model = withoutDead(result.model);
  }
  const { weights, rate, end, curve, weightBits, biasStep } = last;
  const parameters = namesOf(model, true);
  const { model: trained } = await trainOnGrids(model, digits, {
    ...stage(last, 'last'),
    ...{ weights: parameters, biases: namesOf(model, false), weightBits, biasStep },
    masks: new Map(parameters.map((name) => [name, Uint8Array.from(floatsOf(model, name), (w) => (w === 0 ? 0 : 1))])),
    sparsifier: rateAware({ parameters, weights, rate, end, curve }),
  });
  const small = withoutDead(trained);
  const { pieces } = await encodeModel(small);
  writeFileSync(path, Buffer.concat(pieces));
  await decodeModel(openGsm(path), `${path}.onnx`);
  const decoded = await loadModel(`${path}.onnx`);
  const left = namesOf(decoded, true).reduce(
    (sum, name) => sum + floatsOf(decoded, name).filter((w) => w !== 0).length,
    0,
  );
  return { decoded, figures: { weights: left } };
}

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
