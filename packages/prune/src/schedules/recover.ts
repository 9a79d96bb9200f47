import type { Model } from '@gossamer/graph';
import { requireZeros } from '../masks/require-zeros.js';
import { zeroMasks } from '../masks/zero-masks.js';
import type { Learned, Learner, Lesson } from './learner.js';

/**
 * Trains a pruned model on, by fine-tuning or distillation as `learn` has it, so that its zeros (or, where `lesson.masks` says them, the zeros of those) stay: they are masked, with what the optimiser remembers of them. The result is held to that. Throws
 * ERR_PRUNE_MASK, and what `learn` throws.
 */
export async function recover(model: Model, learn: Learner, lesson: Lesson = {}): Promise<Learned> {
  const masks = lesson.masks ?? zeroMasks(model);
  const learned = await learn(model, { ...lesson, masks });
  requireZeros(learned.model, masks);
  return learned;
}
