import { serializeModel } from '@gossamer/graph/onnx';
import { createHash, type Hash } from 'node:crypto';
import type { Dataset } from '../data/dataset.js';
import { isReadable, newArray } from './batch-feeder.js';
import type { Masks } from './optimizer-state.js';
import type { Trainer } from './trainer.js';

/** Samples of a dataset that are looked at. */
const SAMPLES = 256;
/** Updates whose rates are hashed at a time. */
const PIECE = 4096;

/**
 * SHA-256 of everything that decides what an update does: the graph of forward pass, losses and gradients (with it the model, the form's options and
 * what was rewritten), the first weights, masks, the data's length, arrays and some of its samples, and the options. Functions count by their text,
 * a schedule by its values. Engine, threads and workers may change from run to run.
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
    [augment, rewrite].map(String),
    companions && [companions.names, String(companions.compute), companions.digest],
    options.form,
    options.losses.map(({ loss, weight }) => [loss.name, weight]),
    store.parameters.map(({ name, parameter: { initial } }) => [name, initial.dims, initial.hash()]),
    form.running.map(({ name, initial }) => [name, initial.hash()]),
    hashesOf(trainer.sparsification.masks),
    options.sparsifier && [options.sparsifier.parameters, options.sparsifier.digest],
    shapeOf(dataset),
    validation && [metric, every, shapeOf(validation)],
    length,
  ];
  hash.update(JSON.stringify(content));
  hashRates(hash, trainer);
  const read = new Set([...form.inputs, ...graph.lossInputs.map(({ name }) => name), 'labels', 'targets']);
  hashSamples(hash, dataset, read);
  if (validation) hashSamples(hash, validation, read);
  return hash.digest('hex');
}

/** The learning rate of every update: a schedule's text does not say what it was made of. */
function hashRates(hash: Hash, { length, rateAt }: Trainer): void {
  for (let first = 0; first < length.steps; first += PIECE) {
    const count = Math.min(PIECE, length.steps - first);
    hash.update(Float64Array.from({ length: count }, (_, i) => rateAt(first + i)));
  }
}

/** Samples that lie evenly among all: other data of the same shape have others. */
function hashSamples(hash: Hash, dataset: Dataset, read: ReadonlySet<string>): void {
  const count = Math.min(dataset.length, SAMPLES);
  const rows = Object.fromEntries(
    [...dataset.arrays].flatMap(([name, { dtype, shape }]) =>
      read.has(name) && isReadable(dtype)
        ? [
            [
              name,
              newArray(
                dtype,
                shape.reduce((a, b) => a * b, 1),
              ),
            ] as const,
          ]
        : [],
    ),
  );
  for (let i = 0; i < count; i++) {
    dataset.read(Uint32Array.of(Math.floor((i * dataset.length) / count)), rows);
    for (const row of Object.values(rows)) hash.update(row);
  }
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
