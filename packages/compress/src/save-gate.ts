import { existsSync, realpathSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { type ExternalDataMode, isUnedited, saveModel, type SaveOptions } from '@gossamer/graph/onnx';
import { type Verification, verify, type VerifyOptions } from '@gossamer/runtime';
import { dataFiles } from './file-bytes.js';
import { gateWarnings } from './gate-warnings.js';
import { isTooNew, proveByReference } from './prove-by-reference.js';
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
  readonly threads?: number;
  /** Where large tensors go; default 'auto': beside the model when the input's were, or from 1.8 GB. */
  readonly externalData?: ExternalDataMode;
  /** Prove a file whose opset is too new for ONNX Runtime by the reference evaluator instead of refusing it. Default false. */
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
 * an abort or a failed proof the folder is removed and the destination is as it was.
 */
export async function saveThroughGate(
  model: SavableModel,
  path: string,
  options: GateOptions,
): Promise<Verification | undefined> {
  assertWritable(model, path, options.force ?? false);
  const folder = await makeFolder(path);
  try {
    const temporary = join(folder, basename(path));
    await saveModel(model.ir, temporary, {
      fsync: true,
      ...(options.externalData ? { externalData: options.externalData } : {}),
      ...(options.dataNames ? { dataNames: options.dataNames } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      onProgress: ({ done, total }) => options.onProgress?.({ stage: 'write', done, total }),
    });
    const verification = await prove(model, temporary, options);
    options.signal?.throwIfAborted();
    await moveInto(folder, path, model, options.force ?? false);
    return verification;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Throws before any work is done when the result could not be written anyway. */
export function assertWritable(model: SavableModel, path: string, force: boolean): void {
  const directory = dirname(resolve(path));
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new GossamerError('ERR_OUTPUT_PATH', `output: expected a path in an existing folder, received ${path}`);
  }
  if (!existsSync(path)) return;
  for (let input: SavableModel | undefined = model; input; input = input.reference) {
    if (input.path !== undefined && existsSync(input.path) && realpathSync(input.path) === realpathSync(path)) {
      throw new GossamerError('ERR_OUTPUT_PATH', `output: expected another file than the input, received ${path}`);
    }
  }
  if (!statSync(path).isFile()) throw new GossamerError('ERR_OUTPUT_PATH', `output: expected a file, received ${path}`);
  if (!force) throw new GossamerError('ERR_OUTPUT_EXISTS', `output: expected a new path (or force), received ${path}`);
}

async function makeFolder(path: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(resolve(path)), '.gossamer-'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const kind = code === 'ENOSPC' || code === 'EDQUOT' ? 'ERR_DISK_FULL' : 'ERR_WRITE_FAILED';
    throw new GossamerError(kind, `output: expected a writable folder for ${path}, received ${code}`, { cause: error });
  }
}

async function prove(model: SavableModel, path: string, options: GateOptions): Promise<Verification | undefined> {
  const level = options.verify ?? 'full';
  if (level === 'none') return undefined;
  options.onProgress?.({ stage: 'verify', done: 0, total: 1 });
  const reference = level === 'full' ? (model.reference?.path ?? model.reference?.ir) : undefined;
  const inRuntime = await verify(path, {
    level,
    ...(reference === undefined ? {} : { reference }),
    ...(options.data ? { data: options.data } : {}),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const isProvedHere = options.allowTooNew === true && isTooNew(inRuntime);
  const verification = isProvedHere ? await proveByReference(inRuntime, path, model.reference, options) : inRuntime;
  options.onProgress?.({ stage: 'verify', done: 1, total: 1 });
  if (verification.loads || isProvedHere) {
    options.accept?.(verification);
    const warnings = [
      ...(verification.warnings ?? []),
      ...gateWarnings(model, verification, options.data !== undefined),
    ];
    return warnings.length > 0 ? { ...verification, warnings } : verification;
  }
  const reason = verification.error?.message ?? 'an unknown failure';
  throw new GossamerError(
    'ERR_GATE',
    `output: expected a model ONNX Runtime opens, received one it refuses: ${reason}`,
  );
}

/** Data files first, the model last: at every moment the model in place names data that are there. */
async function moveInto(folder: string, path: string, model: SavableModel, force: boolean): Promise<void> {
  const target = dirname(resolve(path));
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && entry.name !== basename(path)).map(({ name }) => name);
  const moved = names.filter((name) => mayReplace(join(target, name), model, force));
  for (const name of moved) await rename(join(folder, name), join(target, name));
  await rename(join(folder, basename(path)), join(target, basename(path)));
}

/**
 * Whether a data file takes the place of what is there. New ones are named by their content, so what has the name has the bytes. A copy
 * of an unedited model keeps the names it had: then the input's own file stays, and another's is replaced only with `force`.
 */
function mayReplace(path: string, model: SavableModel, force: boolean): boolean {
  if (!existsSync(path) || !isUnedited(model.ir)) return true;
  const place = realpathSync(path);
  if (dataFiles(model).some((file) => realpathSync(file) === place)) return false;
  if (force) return true;
  throw new GossamerError('ERR_OUTPUT_EXISTS', `output: expected a new data file (or force), received ${path}`);
}
