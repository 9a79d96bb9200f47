import { GossamerError, type Model } from '@gossamer/graph';
import type { Dataset } from '../data/dataset.js';
import { splitDataset } from '../data/split-dataset.js';
import type { TrainErrorCode } from '../error-codes.js';
import { checkTrainOptions } from './check-train-options.js';
import { resumeFrom, saveCheckpoint } from './checkpoint.js';
import { roundingWarnings } from './rounding-warnings.js';
import type { TrainOptions, TrainResult } from './train-options.js';
import { Trainer } from './trainer.js';
import { writeBack } from './write-back.js';

const CHECKPOINT_STEPS = 1000;
/** Held-out samples by default: a tenth, and no more than tell a tenth of a percent. */
const HELD_OUT_SHARE = 0.1;
const HELD_OUT_MOST = 5000;

/**
 * Trains `model` on `dataset` and returns it with trained weights; `model` does not change, and nothing but the weights does in the result.
 * Batches, random numbers and held-out samples depend on the seed and the update alone, so a training that is resumed from a checkpoint ends in the
 * same bytes. An interruption (`signal`) writes a checkpoint first, where one is asked for, and throws the signal's reason.
 *
 * Throws ERR_TRAINING_FORM and ERR_NO_GRADIENT for models that cannot be trained, ERR_TRAIN_OPTIONS, ERR_TRAIN_DATA, ERR_CHECKPOINT, ERR_DIVERGED.
 */
export async function train(model: Model, dataset: Dataset, options: TrainOptions): Promise<TrainResult> {
  checkTrainOptions(options);
  requireSamples('data', dataset);
  const { training, validation } = heldOut(dataset, options);
  if (validation) requireSamples('validation', validation);
  const trainer = await Trainer.open(model, training, validation, options);
  try {
    if (options.checkpoint) await resumeFrom(options.checkpoint.path, trainer);
    await run(trainer);
    const { progress, session, form } = trainer;
    if (progress.best) trainer.store.restore(progress.best.weights);
    requireFiniteWeights(trainer);
    const own = arraysOf(trainer, false);
    const trained = writeBack(model, own);
    return {
      model: trained,
      added: arraysOf(trainer, true),
      masks: trainer.sparsification.masks,
      history: progress.history,
      steps: progress.step,
      ...(progress.best ? { best: { epoch: progress.best.epoch, value: progress.best.value } } : {}),
      engine: session.engine,
      warnings: [...form.warnings, ...session.warnings, ...roundingWarnings(model, trained, own)],
    };
  } finally {
    await trainer.dispose();
  }
}

/** The arrays that training added, or those that are the model's own. */
function arraysOf({ store }: Trainer, areAdded: boolean): ReadonlyMap<string, Float32Array> {
  const items = [...store.parameters.map(({ parameter }) => parameter), ...store.running.map(({ state }) => state)];
  const added = new Set(items.filter(({ isAdded }) => isAdded).map(({ name }) => name));
  return new Map([...store.snapshot()].filter(([name]) => added.has(name) === areAdded));
}

function heldOut(
  dataset: Dataset,
  { validation, seed = 0 }: TrainOptions,
): { training: Dataset; validation?: Dataset } {
  if (!validation) return { training: dataset };
  if (validation.dataset) return { training: dataset, validation: validation.dataset };
  const count = validation.count ?? Math.min(Math.ceil(dataset.length * HELD_OUT_SHARE), HELD_OUT_MOST);
  return splitDataset(dataset, count, seed);
}

function requireSamples(name: string, { length }: Dataset): void {
  if (length > 0) return;
  throw new GossamerError<TrainErrorCode>('ERR_TRAIN_DATA', `${name}: expected samples, received none`);
}

/** The loss says nothing of the last update: what it made of the weights is looked at. */
function requireFiniteWeights({ store, progress }: Trainer): void {
  for (const { name, data, parameter } of store.parameters) {
    const at = data.findIndex((w, i) => !Number.isFinite(w) && Number.isFinite(parameter.initial.toFloat32()[i]));
    if (at < 0) continue;
    throw new GossamerError<TrainErrorCode>(
      'ERR_DIVERGED',
      `weights: expected finite numbers, received ${data[at]} in ${name} after update ${progress.step}; a smaller learning rate or clipNorm may help`,
    );
  }
}

async function run(trainer: Trainer): Promise<void> {
  const { checkpoint, signal } = trainer.options;
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (trainer.isEpochOver) await endEpoch(trainer);
      else if (trainer.isDone) break;
      else await update(trainer);
    }
  } catch (error) {
    if (signal?.aborted && checkpoint) await saveCheckpoint(checkpoint.path, trainer);
    throw error;
  }
  if (checkpoint) await saveCheckpoint(checkpoint.path, trainer);
}

async function update(trainer: Trainer): Promise<void> {
  const { options, progress, length } = trainer;
  const { checkpoint, onStep } = options;
  const learningRate = trainer.learningRate;
  const loss = await trainer.update();
  onStep?.({ step: progress.step, steps: length.steps, loss, learningRate });
  const every = checkpoint?.every ?? CHECKPOINT_STEPS;
  if (checkpoint && progress.step % every === 0) await saveCheckpoint(checkpoint.path, trainer);
}

async function endEpoch(trainer: Trainer): Promise<void> {
  const { signal, onEpoch } = trainer.options;
  const record = await trainer.endEpoch(signal);
  onEpoch?.(record);
}
