import { join } from 'node:path';
import type { Model } from '../ir/model.js';
import { type ExternalDataMode, saveModel, type SaveOptions } from '../onnx/index.js';
import { ChunkList } from '../wire/chunk.js';
import { writeAtomically } from '../wire/write-file.js';
import { copyFolderFiles, makeFolders } from './copy-companions.js';
import { folderError } from './error-codes.js';
import { withDataFiles } from './folder-config.js';
import { type FolderDtype, partFileName } from './folder-dtype.js';
import { folderFiles } from './folder-files.js';
import type { ModelFolder } from './model-folder.js';
import { type FolderWriteOptions, writeFolder } from './write-folder.js';

/** A model of the new folder. */
export interface SavedPart {
  /** File name without dtype and extension, e.g. `encoder_model`. */
  readonly name: string;
  /** Default fp32. */
  readonly dtype?: FolderDtype;
}

export interface SaveFolderOptions extends Omit<FolderWriteOptions, 'inputs'>, Pick<SaveOptions, 'maxDataBytes'> {
  readonly parts: readonly (SavedPart & { readonly model: Model })[];
  /** Where tensors of 1 KiB and more go, as in `saveModel`; default 'auto'. */
  readonly externalData?: ExternalDataMode;
}

/** What was written. */
export interface SavedFolder {
  /** Model files, in the order of `parts`, relative to the folder, with their data files. */
  readonly parts: readonly { readonly file: string; readonly dataFiles: readonly string[] }[];
  /** What else there is, relative to the folder. */
  readonly companions: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Writes a folder in the layout of transformers.js: the given models in `onnx/`, the companions of `folder` byte for byte. Whole or not at
 * all, never over its input; an existing folder is refused unless `force`. Large tensors lie in `<model>.onnx_data`, `..._data_1`, ...
 *
 * config.json changes only where it promises other data files than were written (`use_external_data_format`); a warning says so. Throws
 * ERR_FOLDER_PART (a part given twice, or none), ERR_OUTPUT_EXISTS, ERR_OUTPUT_PATH, and what `saveModel` throws.
 */
export async function saveModelFolder(
  folder: ModelFolder,
  destination: string,
  options: SaveFolderOptions,
): Promise<SavedFolder> {
  const { parts, externalData, ...rest } = options;
  return fillModelFolder(folder, destination, parts, rest, async (part, path) => {
    await saveModel(part.model, path, { ...rest, dataNames: 'layout', ...(externalData && { externalData }) });
  });
}

/** As `saveModelFolder`, with models that `write` puts at the path it is given, one after the other. */
export async function fillModelFolder<Part extends SavedPart>(
  folder: ModelFolder,
  destination: string,
  parts: readonly Part[],
  options: Omit<FolderWriteOptions, 'inputs'>,
  write: (part: Part, path: string) => Promise<void>,
): Promise<SavedFolder> {
  const names = parts.map(({ name, dtype = 'fp32' }) => partFileName(name, dtype));
  requireDistinct(names);
  const companions = folder.companions.map(({ path }) => path);
  const copied = companions.filter((path) => path !== 'config.json');
  let saved: SavedFolder | undefined;
  await writeFolder(destination, { ...options, inputs: [folder.path] }, async (staging) => {
    await makeFolders(staging, 'onnx');
    for (const [i, part] of parts.entries()) await write(part, join(staging, 'onnx', names[i]!));
    const written = parts.map(({ name }, i) => ({ name, file: names[i]!, dataFiles: dataFilesOf(staging, names[i]!) }));
    await copyFolderFiles(folder, copied, staging, options);
    const warnings = await writeConfig(folder, staging, written, options);
    saved = {
      parts: written.map(({ file, dataFiles }) => ({ file: `onnx/${file}`, dataFiles })),
      companions,
      warnings,
    };
  });
  return saved!;
}

function requireDistinct(names: readonly string[]): void {
  if (names.length === 0) throw folderError('ERR_FOLDER_PART', 'parts: expected at least one, received none');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw folderError('ERR_FOLDER_PART', `parts: expected each once, received two ${twice}`);
  const odd = names.find((name) => !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name));
  if (odd !== undefined) {
    throw folderError('ERR_FOLDER_PART', `parts: expected a name of letters, digits, "." "_" "-", received ${odd}`);
  }
}

function dataFilesOf(staging: string, file: string): string[] {
  return folderFiles(join(staging, 'onnx'), 'trusted')
    .map(({ path }) => path)
    .filter((path) => path.startsWith(`${file}_data`))
    .map((path) => `onnx/${path}`);
}

async function writeConfig(
  folder: ModelFolder,
  staging: string,
  written: readonly { readonly name: string; readonly file: string; readonly dataFiles: readonly string[] }[],
  options: FolderWriteOptions,
): Promise<string[]> {
  const files = written.map(({ name, file, dataFiles }) => {
    return { fileName: file, part: name, dataFiles: dataFiles.length };
  });
  const changed = withDataFiles(folder.config, files);
  if (changed === undefined) {
    await copyFolderFiles(folder, ['config.json'], staging, options);
    return [];
  }
  const text = new TextEncoder().encode(`${JSON.stringify(changed, undefined, 2)}\n`);
  await writeAtomically(join(staging, 'config.json'), ChunkList.of(text), options);
  return ['config.json: use_external_data_format now names the data files that were written'];
}
