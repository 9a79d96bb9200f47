import { join } from 'node:path';
import type { Model } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { pruneWeights } from '@gossamer/prune';
import { quantize } from '@gossamer/quantize';
import { repositoryFolder } from '../package-folder.js';

/** A model as a file, to be stored. */
export interface StoredModel {
  readonly name: string;
  readonly make: () => Promise<Model>;
}

const fixture = (name: string) => loadModel(join(repositoryFolder(), 'fixtures', 'models', `${name}.onnx`));

const sparse = async (name: string) =>
  (await pruneWeights(await fixture(name), { sparsity: 0.8, allocation: 'uniform' })).model;

const int8 = async (model: Model) => (await quantize(model, { mode: 'dynamic', weights: 'int8' })).model;
const int4 = async (model: Model) => (await quantize(model, { mode: 'weight-only', bits: 4, blockSize: 32 })).model;

/** Trained nets: as they are, in int8, with 80 % zeros in int8; the language model in 4 bits too. */
export const STORED_MODELS: readonly StoredModel[] = [
  ...['lenet-300-100', 'lenet-5', 'resnet20-mnist', 'tinylm'].flatMap((name): StoredModel[] => [
    { name: `${name}, float32`, make: () => fixture(name) },
    { name: `${name}, int8`, make: async () => int8(await fixture(name)) },
    { name: `${name}, 80 % zeros, float32`, make: () => sparse(name) },
    { name: `${name}, 80 % zeros, int8`, make: async () => int8(await sparse(name)) },
  ]),
  { name: 'tinylm, int4 in blocks of 32', make: async () => int4(await fixture('tinylm')) },
];
