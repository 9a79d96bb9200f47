import { serializeModel } from '@gossamer/graph/onnx';
import { createHash } from 'node:crypto';
import type { Dataset } from '../data/dataset.js';
import type { Masks } from './optimizer-state.js';
import type { Trainer } from './trainer.js';

/**
 * SHA-256 of everything that decides what an update does: the graph of forward pass, losses and gradients (with it the model, the form's options and
 * what was rewritten), the first weights, masks, the data's length and arrays, and the options. Functions count by their text, a schedule by its
 * values at some updates, since its text does not say what it was made of. Engine, threads and workers may change from run to run.
 */
export function digestOf(trainer: Trainer): string {
  const { options, form, graph, store, length, dataset, validation } = trainer;
  const { batch, accumulate, optimizer, optimizerOptions, groups, seed, shuffle, patience } = options;
  const { workers = 1, shards = workers } = options;
  const { clipNorm, clipValue, gradientQuantization, regularizers, augment, rewrite, companions } = options;
  const { metric, every } = options.validation ?? {};
  const hash = createHash('sha256').update(serializeModel(graph.model));
  const content = [
    { batch, accumulate, optimizer, optimizerOptions, groups, seed, shuffle, patience, shards },
    { clipNorm, clipValue, gradientQuantization, regularizers },
    rates(trainer),
    [augment, rewrite].map(String),
    companions && [companions.names, String(companions.compute)],
    options.form,
    options.losses.map(({ loss, weight }) => [loss.name, weight]),
    store.parameters.map(({ name, parameter: { initial } }) => [name, initial.dims, initial.hash()]),
    form.running.map(({ name, initial }) => [name, initial.hash()]),
    hashesOf(options.masks ?? new Map()),
    shapeOf(dataset),
    validation && [metric, every, shapeOf(validation)],
    length,
  ];
  return hash.update(JSON.stringify(content)).digest('hex');
}

/** The learning rate at some updates. */
function rates({ length, rateAt }: Trainer): number[] {
  const last = length.steps - 1;
  return [0, 1, Math.floor(last / 3), Math.floor(last / 2), last].map(rateAt);
}

function hashesOf(masks: Masks): [string, string][] {
  return [...masks]
    .map(([name, mask]): [string, string] => [name, createHash('sha256').update(mask).digest('hex')])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

const shapeOf = ({ length, arrays }: Dataset) => [
  length,
  [...arrays].map(([name, { dtype, shape }]) => [name, dtype, shape]),
];
