import { type Model, weightsOf } from '@gossamer/graph';
import { type Masks, toTrainingForm, type TrainOptions } from '@gossamer/train';
import { keptOf, type Preserve } from '../preserve.js';

/** Masks of the trained weights of `model` that have zeros to be kept, but those that a sparsifier decides on; what is given wins. */
export function zeroMasks(
  model: Model,
  preserve: Preserve,
  { masks, sparsifier, form }: Pick<TrainOptions, 'masks' | 'sparsifier' | 'form'>,
): Masks {
  const known = new Set([...(masks?.keys() ?? []), ...(sparsifier?.parameters ?? [])]);
  const found = new Map(masks);
  const { parameters } = toTrainingForm(model, { ...form, batch: 1, mode: 'evaluate' });
  const trained = new Set(parameters.map(({ name }) => name));
  for (const node of model.graph.nodes()) {
    for (const { source, stored } of weightsOf(node)) {
      const kept = trained.has(source.name) && !known.has(source.name) && keptOf(stored.toFloat32(), preserve);
      if (kept) found.set(source.name, kept);
    }
  }
  return found;
}
