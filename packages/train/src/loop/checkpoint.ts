import { GossamerError, isGossamerError, Tensor } from '@gossamer/graph';
import { loadSafetensors, type Safetensors, saveSafetensors } from '@gossamer/graph/safetensors';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TrainErrorCode } from '../error-codes.js';
import type { Progress, Trainer } from './trainer.js';

const VERSION = 1;

/** What a checkpoint says beside its arrays. */
interface Metadata extends Omit<Progress, 'best'> {
  readonly version: number;
  /** Of everything that decides what an update does. */
  readonly digest: string;
  readonly best: { readonly epoch: number; readonly value: number } | undefined;
}

/** Writes all that a training is at the moment: a training that goes on from here makes the same updates, bit for bit. */
export async function saveCheckpoint(path: string, trainer: Trainer): Promise<void> {
  const { best, ...progress } = trainer.progress;
  const metadata: Metadata = {
    ...progress,
    version: VERSION,
    digest: trainer.digest,
    best: best && { epoch: best.epoch, value: best.value },
  };
  const tensors = new Map<string, Tensor>();
  for (const [name, data] of arraysOf(trainer)) {
    tensors.set(name, Tensor.of(data instanceof Uint8Array ? 'uint8' : 'float32', [data.length], data));
  }
  for (const [name, data] of best?.weights ?? [])
    tensors.set(`best/${name}`, Tensor.of('float32', [data.length], data));
  await saveSafetensors(path, { tensors, metadata: new Map([['gossamer.training', toText(metadata)]]) });
}

/** Goes on where the checkpoint at `path` stands; false where there is none. Throws ERR_CHECKPOINT for one of another training, and where none could be written. */
export async function resumeFrom(path: string, trainer: Trainer): Promise<boolean> {
  // Before the first update: masks may change in place later.
  const { digest } = trainer;
  if (!(await stat(path).catch(() => undefined))) {
    if (await stat(dirname(path)).catch(() => undefined)) return false;
    throw checkpointError(path, 'a path in a folder that is there', 'one of none');
  }
  const { tensors, metadata } = await readFile(path);
  const text = metadata.get('gossamer.training');
  if (text === undefined) throw checkpointError(path, 'a checkpoint of a training', 'a file without its state');
  const state = fromText(text);
  if (state.version !== VERSION) throw checkpointError(path, `version ${VERSION}`, `version ${state.version}`);
  if (state.digest !== digest) {
    throw checkpointError(path, 'a checkpoint of a training with the same model, data and options', 'one of another');
  }
  for (const [name, data] of arraysOf(trainer)) data.set(arrayOf(path, tensors, name));
  const { best, version: _, digest: __, ...progress } = state;
  Object.assign(trainer.progress, progress);
  const weights = [...trainer.store.snapshot().keys()].map(
    (name) => [name, best && arrayOf(path, tensors, `best/${name}`)] as const,
  );
  trainer.progress.best = best && { ...best, weights: new Map(weights as [string, Float32Array][]) };
  return true;
}

async function readFile(path: string): Promise<Safetensors> {
  try {
    return await loadSafetensors(path);
  } catch (cause) {
    if (!isGossamerError(cause)) throw cause;
    throw new GossamerError<TrainErrorCode>(
      'ERR_CHECKPOINT',
      `${path}: expected a checkpoint, received ${cause.message}`,
      { cause },
    );
  }
}

const NOT_FINITE: ReadonlySet<unknown> = new Set([NaN, Infinity, -Infinity].map(String));

/** JSON, with the names of the numbers that it does not have: measurements need not be finite. */
const toText = (metadata: Metadata): string =>
  JSON.stringify(metadata, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );

const fromText = (text: string): Metadata =>
  JSON.parse(text, (_, value: unknown) => (NOT_FINITE.has(value) ? Number(value) : value)) as Metadata;

/** Every array of the training, by its name in a checkpoint. */
function arraysOf({ store, optimizer, gradientPath, sparsification }: Trainer): [string, Float32Array | Uint8Array][] {
  const live = [...store.parameters, ...store.running].map(({ name, data }): [string, Float32Array] => [
    `weight/${name}`,
    data,
  ]);
  const named = (prefix: string, arrays: ReadonlyMap<string, Float32Array>) =>
    [...arrays].map(([name, data]): [string, Float32Array] => [`${prefix}/${name}`, data]);
  return [
    ...live,
    ...named('slot', optimizer.arrays()),
    ...named('residual', gradientPath.residuals()),
    ...[...sparsification.own].map(([name, mask]): [string, Uint8Array] => [`mask/${name}`, mask]),
    ...named('sparsifier', sparsification.state),
  ];
}

function arrayOf(path: string, tensors: ReadonlyMap<string, Tensor>, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (!tensor) throw checkpointError(path, `the array ${name}`, 'none');
  return tensor.toFloat32();
}

function checkpointError(path: string, expected: string, received: string): GossamerError<TrainErrorCode> {
  return new GossamerError('ERR_CHECKPOINT', `${path}: expected ${expected}, received ${received}`);
}
