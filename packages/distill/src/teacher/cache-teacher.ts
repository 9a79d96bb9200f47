import { type Model, Tensor } from '@gossamer/graph';
import { loadSafetensors, saveSafetensors } from '@gossamer/graph/safetensors';
import type { Dataset, Numbers } from '@gossamer/train';
import { arrayDataset } from '@gossamer/train';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hashModel, hashSamples, readRows } from '../content-digest.js';
import { teacherName } from '../losses/teacher-input.js';
import type { Teacher } from './teacher.js';

/** Samples the teacher sees at a time. */
const PIECE = 256;
const DIGEST = 'gossamer.teacher';

export interface CacheOptions {
  /** Safetensors file that keeps the values; made where it is not there, or is of another teacher or other data. */
  readonly path: string;
  /** Models of the teacher, by whose weights the file is known. */
  readonly models: readonly Model[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** `dataset` with the teacher's values beside each sample, computed once: for training without augmentation. */
export async function cacheTeacher(
  teacher: Teacher,
  names: readonly string[],
  dataset: Dataset,
  options: CacheOptions,
): Promise<Dataset> {
  const digest = digestOf(options.models, names, dataset);
  const kept = await read(options.path, digest);
  const values = kept ?? (await compute(teacher, names, dataset, options));
  if (!kept) {
    await saveSafetensors(options.path, { tensors: values, metadata: new Map([[DIGEST, digest]]) });
  }
  return joined(
    dataset,
    arrayDataset(Object.fromEntries([...values].map(([name, tensor]) => [teacherName(name), tensor]))),
  );
}

async function read(path: string, digest: string): Promise<ReadonlyMap<string, Tensor> | undefined> {
  if (!(await stat(path).catch(() => undefined))) return undefined;
  const { tensors, metadata } = await loadSafetensors(path);
  return metadata.get(DIGEST) === digest ? tensors : undefined;
}

async function compute(
  teacher: Teacher,
  names: readonly string[],
  dataset: Dataset,
  options: CacheOptions,
): Promise<Map<string, Tensor>> {
  const parts = new Map<string, Float32Array>();
  const dims = new Map<string, readonly number[]>();
  for (let first = 0; first < dataset.length; first += PIECE) {
    options.signal?.throwIfAborted();
    const rows = Math.min(PIECE, dataset.length - first);
    const arrays = readRows(dataset, first, rows);
    for (const [name, tensor] of await teacher.run(arrays, rows, names, options.signal)) {
      const row = tensor.length / rows;
      const all = parts.get(name) ?? new Float32Array(dataset.length * row);
      all.set(tensor.toFloat32(), first * row);
      parts.set(name, all);
      dims.set(name, tensor.dims.slice(1));
    }
    options.onProgress?.(first + rows, dataset.length);
  }
  return new Map(
    [...parts].map(([name, data]) => [name, Tensor.of('float32', [dataset.length, ...dims.get(name)!], data)]),
  );
}

/** Two datasets of the same samples as one. */
function joined(first: Dataset, second: Dataset): Dataset {
  const pick = (dataset: Dataset, into: Readonly<Record<string, Numbers>>) =>
    Object.fromEntries(Object.entries(into).filter(([name]) => dataset.arrays.has(name)));
  return {
    length: first.length,
    arrays: new Map([...first.arrays, ...second.arrays]),
    read(indices, into) {
      first.read(indices, pick(first, into));
      second.read(indices, pick(second, into));
    },
  };
}

/** Of the teacher's models and of the samples they are asked about. */
function digestOf(models: readonly Model[], names: readonly string[], dataset: Dataset): string {
  const hash = createHash('sha256');
  const arrays = [...dataset.arrays].map(([name, { dtype, shape }]) => [name, dtype, shape]);
  hash.update(JSON.stringify([names, dataset.length, arrays]));
  for (const model of models) hashModel(hash, model);
  hashSamples(hash, dataset);
  return hash.digest('hex');
}
