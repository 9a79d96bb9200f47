import type { Model } from '@gossamer/graph';
import { type Masks, toTrainingForm, type TrainOptions } from '@gossamer/train';

/** The masks of weights that a training with this `form` changes; others stay as they are in any case, and `train` takes no masks for them. */
export function trainedMasks(model: Model, masks: Masks, form: TrainOptions['form']): Masks {
  const { parameters } = toTrainingForm(model, { ...form, batch: 1, mode: 'evaluate' });
  const trained = new Set(parameters.map(({ name }) => name));
  return new Map([...masks].filter(([name]) => trained.has(name)));
}
