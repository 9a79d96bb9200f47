import type { Model } from '@gossamer/graph';
import { type Masks, toTrainingForm, type TrainOptions } from '@gossamer/train';

/** The masks of weights that a training with this `form` changes; others stay as they are in any case, and `train` takes no masks for them. */
export function trainedMasks(model: Model, masks: Masks, form: TrainOptions['form']): Masks {
  const trained = trainedNames(model, form);
  return new Map([...masks].filter(([name]) => trained.has(name)));
}

/** Names of what a training with this `form` changes. */
export function trainedNames(model: Model, form: TrainOptions['form']): ReadonlySet<string> {
  const { parameters } = toTrainingForm(model, { ...form, batch: 1, mode: 'evaluate' });
  return new Set(parameters.map(({ name }) => name));
}
