import { GossamerError, isGossamerError, type Model, Tensor } from '@gossamer/graph';
import { loadSafetensors, saveSafetensors } from '@gossamer/graph/safetensors';
import type { Dataset, GraphTrainer, TrainErrorCode } from '@gossamer/train';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hashModel, hashSamples } from '../content-digest.js';

const KEY = 'gossamer.data-free';

type Trainers = Readonly<Record<string, GraphTrainer>>;

/** What a checkpoint says beside its arrays. */
interface Metadata extends Readonly<Rounds> {
  readonly digest: string;
}

/** How far a distillation has come. */
export interface Rounds {
  /** Rounds made. */
  step: number;
  /** Updates of the student. */
  lessons: number;
  /** Sum of its losses in the last rounds, and their number. */
  lastLosses: number;
  lastLessons: number;
}

/** SHA-256 of what decides updates: options, the models, and real samples where there are some. */
export function digestOf(options: unknown, models: readonly Model[], samples: Dataset | undefined): string {
  const hash = createHash('sha256').update(JSON.stringify(options));
  for (const model of models) hashModel(hash, model);
  if (samples) hashSamples(hash, samples);
  return hash.digest('hex');
}

/** Writes all arrays of `trainers` and the counters: rounds that go on from here are the same, bit for bit. */
export async function saveRounds(path: string, trainers: Trainers, rounds: Rounds, digest: string): Promise<void> {
  const tensors = new Map(
    arraysOf(trainers).map(([name, data]) => [name, Tensor.of('float32', [data.length], data)] as const),
  );
  const metadata: Metadata = { ...rounds, digest };
  await saveSafetensors(path, { tensors, metadata: new Map([[KEY, JSON.stringify(metadata)]]) });
}

/** Reads a checkpoint into `trainers` and `rounds`, where there is one. Throws ERR_CHECKPOINT for one of something else. */
export async function resumeRounds(path: string, trainers: Trainers, rounds: Rounds, digest: string): Promise<void> {
  if (!(await stat(path).catch(() => undefined))) return;
  const { tensors, metadata } = await loadSafetensors(path).catch((cause: unknown) => {
    throw isGossamerError(cause) ? refuse(path, cause.message, cause) : cause;
  });
  const text = metadata.get(KEY);
  if (text === undefined) throw refuse(path, 'a file without its state');
  const { digest: found, ...state } = JSON.parse(text) as Metadata;
  if (found !== digest) throw refuse(path, 'one with other models or options');
  for (const [name, data] of arraysOf(trainers)) {
    const tensor = tensors.get(name);
    if (tensor?.length !== data.length) throw refuse(path, `none of the array ${name}`);
    data.set(tensor.toFloat32());
  }
  Object.assign(rounds, state);
}

const arraysOf = (trainers: Trainers): [string, Float32Array][] =>
  Object.entries(trainers).flatMap(([key, trainer]) =>
    [...trainer.arrays()].map(([name, data]): [string, Float32Array] => [`${key}/${name}`, data]),
  );

const refuse = (path: string, received: string, cause?: unknown): GossamerError<TrainErrorCode> =>
  new GossamerError(
    'ERR_CHECKPOINT',
    `${path}: expected a checkpoint of this distillation, received ${received}`,
    cause === undefined ? {} : { cause },
  );
