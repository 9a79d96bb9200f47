import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import {
  asWriteError,
  type ExternalDataMode,
  isUnedited,
  makeFolders,
  makeTempFolder,
  removeTempFolder,
  saveModel,
  type SaveOptions,
} from '@gossamer/graph/onnx';
import { type Verification, verify, type VerifyOptions } from '@gossamer/runtime';
import { assertWritable } from './assert-writable.js';
import { encode } from './encode.js';
import { dataFiles } from './file-bytes.js';
import { gateFailure } from './gate-failure.js';
import { gateWarnings } from './gate-warnings.js';
import { modelOrFile } from './model-or-file.js';
import { isTooNew, proveTooNew } from './prove-too-new.js';
import type { SavableModel } from './savable-model.js';
import type { WorkOptions } from './progress.js';

/** How much the gate proves: 'load' opens the file and counts kernels, 'full' also compares outputs, 'none' skips it. */
export type VerifyLevel = 'load' | 'full' | 'none';

export interface GateOptions extends WorkOptions {
  /** Default 'full'. */
  readonly verify?: VerifyLevel;
  /** Replace an existing file; default false. */
  readonly force?: boolean;
  /** Inputs to compare outputs on; default: random ones. */
  readonly data?: VerifyOptions['data'];
  /** `data` are drawn, and say little about quality; default false. */
  readonly isRandomData?: boolean;
  readonly threads?: number;
  /** Where large tensors go; default 'auto': beside the model when the input's were, or from 1.8 GB. */
  readonly externalData?: ExternalDataMode;
  /** Prove a file whose opset is too new for ONNX Runtime under an older one, or by the reference evaluator, instead of refusing it. Default false. */
  readonly allowTooNew?: boolean;
  /** How data files are named, see `saveModel`; 'layout' only into a folder that is being made. Default 'content'. */
  readonly dataNames?: SaveOptions['dataNames'];
  /** Of the random inputs; default 0. */
  readonly seed?: number;
  /** A further condition on what the gate measured; throws to refuse the file. */
  readonly accept?: (verification: Verification) => void;
}

/**
 * Writes a model into a temporary folder beside its destination, proves it there, and only then moves it into place. On an error,
 * an abort or a failed proof the folder is removed and the destination is as it was. A path that ends in .gsm gets the proved file encoded.
 */
export async function saveThroughGate(
  model: SavableModel,
  path: string,
  options: GateOptions,
): Promise<Verification | undefined> {
  assertWritable(model, path, options.force ?? false);
  // Under the name that is taken a kill between two renames would leave the old model with the new data.
  const isEncoded = path.endsWith('.gsm');
  const externalData = !isEncoded && hasTakenName(model, path) ? 'always' : options.externalData;
  const folder = await makeTempFolder(path);
  try {
    const temporary = join(folder, isEncoded ? 'model.onnx' : basename(path));
    await saveModel(model.ir, temporary, {
      fsync: true,
      ...(externalData ? { externalData } : {}),
      ...(options.dataNames ? { dataNames: options.dataNames } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      onProgress: ({ done, total }) => options.onProgress?.({ stage: 'write', done, total }),
    });
    const verification = await prove(model, temporary, options);
    options.signal?.throwIfAborted();
    if (isEncoded) await encodeInto(folder, temporary, basename(path), options);
    await moveInto(folder, path, model, options.force ?? false);
    return verification;
  } finally {
    await removeTempFolder(folder);
  }
}

/** The proved file as a .gsm file, which holds its data files too, in the place of all else in the folder. */
async function encodeInto(
  folder: string,
  proved: string,
  name: string,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const others = await readdir(folder);
  const work = { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
  await encode(proved, join(folder, name), work);
  for (const other of others) await rm(join(folder, other), { recursive: true });
}

async function prove(model: SavableModel, path: string, options: GateOptions): Promise<Verification | undefined> {
  const level = options.verify ?? 'full';
  if (level === 'none') return undefined;
  options.onProgress?.({ stage: 'verify', done: 0, total: 1 });
  const reference = level === 'full' && model.reference ? modelOrFile(model.reference) : undefined;
  const inRuntime = await verify(path, {
    level,
    ...(reference === undefined ? {} : { reference }),
    ...(options.data ? { data: options.data } : {}),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const isProvedHere = options.allowTooNew === true && isTooNew(inRuntime);
  const verification = isProvedHere ? await proveTooNew(inRuntime, path, model.reference, options) : inRuntime;
  options.onProgress?.({ stage: 'verify', done: 1, total: 1 });
  if (verification.loads || isProvedHere) {
    options.accept?.(verification);
    const warnings = [
      ...(verification.warnings ?? []),
      ...gateWarnings(model, verification, options.data !== undefined && options.isRandomData !== true),
    ];
    return warnings.length > 0 ? { ...verification, warnings } : verification;
  }
  throw await gateFailure(verification.error?.message ?? 'an unknown failure', model.reference, options.signal);
}

/**
 * Data files first, the model last: at every moment the model in place names data that are there. What was not there before is taken
 * away again should the model not get there.
 */
async function moveInto(folder: string, path: string, model: SavableModel, force: boolean): Promise<void> {
  const target = dirname(resolve(path));
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      const name = relative(folder, join(entry.parentPath, entry.name));
      const place = join(target, name);
      if (!entry.isFile() || name === basename(path) || !mayReplace(place, model, force)) continue;
      const isNew = lstatSync(place, { throwIfNoEntry: false }) === undefined;
      await makeFolders(target, dirname(name), undo);
      await rename(join(folder, name), place);
      if (isNew) undo.push(() => unlink(place));
    }
    await rename(join(folder, basename(path)), join(target, basename(path)));
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw asWriteError(error, path);
  }
}

/**
 * Whether a data file takes the place of what is there. New ones are named by their content, so what has the name has the bytes. A copy
 * of an unedited model keeps the names it had: then the input's own file stays, and another's has to stay too.
 */
function mayReplace(path: string, model: SavableModel, force: boolean): boolean {
  if (!existsSync(path) || !isUnedited(model.ir)) return true;
  if (isOwn(path, model)) return false;
  if (force) return true;
  throw new GossamerError('ERR_OUTPUT_EXISTS', `output: expected a new data file (or force), received ${path}`);
}

/** Whether it is a data file of the model itself. */
function isOwn(path: string, model: SavableModel): boolean {
  const place = realpathSync(path);
  return dataFiles(model).some((file) => realpathSync(file) === place);
}

/** Whether a copy of an unedited model would find the name of one of its data files taken by another's. */
function hasTakenName(model: SavableModel, path: string): boolean {
  if (model.path === undefined || !isUnedited(model.ir)) return false;
  const from = dirname(model.path);
  const places = dataFiles(model).map((file) => join(dirname(resolve(path)), relative(from, file)));
  return places.some((place) => existsSync(place) && !isOwn(place, model));
}
