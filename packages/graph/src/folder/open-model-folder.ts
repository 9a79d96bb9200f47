import { basename, join, posix } from 'node:path';
import type { Model } from '../ir/model.js';
import { isOutside, loadModel } from '../onnx/index.js';
import { tensorsOf } from '../onnx/tensors-of.js';
import { wireError } from '../wire/error-codes.js';
import type { ExternalTrust } from '../wire/external-path.js';
import { readExternalReference } from '../wire/external-reference.js';
import { modelFileOfData } from '../wire/named-data-writer.js';
import { type Companion, companionKind, isForeignWeights } from './companion.js';
import { folderError } from './error-codes.js';
import { readConfig } from './folder-config.js';
import { type FolderFile, folderFiles, realFolder } from './folder-files.js';
import { type FolderDtype, parsePartFile } from './folder-dtype.js';
import { folderWarnings } from './folder-warnings.js';
import type { FolderPart, ModelFolder, PartVariant } from './model-folder.js';
import { isUnknownVariant, partRole } from './part-role.js';

export interface OpenFolderOptions {
  /** 'untrusted' refuses links and odd names anywhere in the folder, and opens its models with lower limits. Default 'trusted'. */
  readonly trust?: ExternalTrust;
}

/**
 * Opens a folder in the layout of transformers.js: config.json beside others, and models in `onnx/` (or, as optimum exports them, beside
 * it). Reads names and config.json only; a model is opened only where the name of a data file does not say whose it is.
 *
 * Throws ERR_MODEL_FOLDER for any other layout, ERR_READ_FAILED.
 */
export async function openModelFolder(path: string, options: OpenFolderOptions = {}): Promise<ModelFolder> {
  const { trust = 'trusted' } = options;
  try {
    return await describe(path, trust);
  } catch (cause) {
    if (typeof cause !== 'object' || cause === null || !('syscall' in cause)) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw wireError('ERR_READ_FAILED', `${path}: expected a readable folder, received ${code}`, { cause });
  }
}

async function describe(path: string, trust: ExternalTrust): Promise<ModelFolder> {
  const root = realFolder(path);
  const files = folderFiles(root, trust);
  const has = (prefix: string) => files.some((file) => isIn(prefix, file) && file.path.endsWith('.onnx'));
  const modelDirectory = has('onnx/') ? 'onnx/' : '';
  if (!has(modelDirectory)) {
    throw folderError(
      'ERR_MODEL_FOLDER',
      `${path}: expected .onnx files in onnx/ or in the folder itself, received none`,
    );
  }
  if (!files.some((file) => file.path === 'config.json')) {
    throw folderError('ERR_MODEL_FOLDER', `${path}: expected a config.json beside the models, received none`);
  }
  const sorted = await sortFiles(root, modelDirectory, files, trust);
  const folder = { path: root, trust, modelDirectory, config: readConfig(root), ...sorted } as const;
  return { ...folder, warnings: folderWarnings(folder) };
}

const isIn = (prefix: string, { path }: FolderFile): boolean =>
  path.startsWith(prefix) && !path.slice(prefix.length).includes('/');

interface SortedFiles {
  readonly parts: readonly FolderPart[];
  readonly companions: readonly Companion[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

async function sortFiles(
  root: string,
  modelDirectory: string,
  files: readonly FolderFile[],
  trust: ExternalTrust,
): Promise<SortedFiles> {
  const skipped: { path: string; reason: string }[] = [];
  const models: FolderFile[] = [];
  const others: FolderFile[] = [];
  for (const file of files) {
    const isModel = file.path.endsWith('.onnx');
    if (isModel && !isIn(modelDirectory, file)) {
      skipped.push({ path: file.path, reason: `a model outside ${modelDirectory || 'the folder itself'}` });
    } else if (isModel && isUnknownVariant(parsePartFile(basename(file.path)).part)) {
      skipped.push({ path: file.path, reason: 'a variant that transformers.js has no name for' });
    } else if (isForeignWeights(file.path)) {
      skipped.push({ path: file.path, reason: 'weights of another framework' });
    } else (isModel ? models : others).push(file);
  }
  if (models.length === 0) {
    throw folderError('ERR_MODEL_FOLDER', `${root}: expected a model under a name of transformers.js, received none`);
  }
  const owners = dataByName(others, [...models, ...skipped]);
  if (others.some((file) => mayBeData(modelDirectory, file) && !owners.has(file.path))) {
    for (const { path } of models) for (const data of await dataOf(root, path, trust)) owners.set(data, path);
  }
  const companions = others
    .filter((file) => !owners.has(file.path))
    .map(({ path, bytes }) => ({ path, kind: companionKind(path), bytes }));
  // Data of a skipped model goes where its model goes.
  const names = new Set(models.map(({ path }) => path));
  for (const [path, owner] of owners) if (!names.has(owner)) skipped.push({ path, reason: `data of ${owner}` });
  return { parts: partsOf(models, others, owners), companions, skipped };
}

/** Model file of each data file that has a name of the layout. */
function dataByName(others: readonly FolderFile[], models: readonly { readonly path: string }[]): Map<string, string> {
  const names = new Set(models.map(({ path }) => path));
  const owned = others.flatMap(({ path }) => {
    const owner = modelFileOfData(path);
    return owner !== undefined && names.has(owner) ? [[path, owner] as const] : [];
  });
  return new Map(owned);
}

/** Tensors are kept outside from this size on. */
const LEAST_DATA_BYTES = 1024;

/** True for what lies with the models and is no text. */
function mayBeData(modelDirectory: string, { path, bytes }: FolderFile): boolean {
  const isText = /\.(json|txt|md|jinja|model|py|ya?ml)$/i.test(path);
  return path.startsWith(modelDirectory) && bytes >= LEAST_DATA_BYTES && !isText;
}

/** The files that a model keeps its tensors in, relative to the folder. */
async function dataOf(root: string, path: string, trust: ExternalTrust): Promise<string[]> {
  const directory = path.slice(0, path.lastIndexOf('/') + 1);
  const model = await loadModel(join(root, path), { trust });
  return Array.from(dataLocations(model), (location) => posix.normalize(`${directory}${location}`));
}

/** The files beside it that a model names. */
function dataLocations(model: Model): Set<string> {
  const locations = new Set<string>();
  for (const tensor of tensorsOf(model)) {
    if (isOutside(tensor)) locations.add(readExternalReference(tensor.origin!).location);
  }
  return locations;
}

function partsOf(
  models: readonly FolderFile[],
  others: readonly FolderFile[],
  owners: ReadonlyMap<string, string>,
): FolderPart[] {
  const parts = new Map<string, PartVariant[]>();
  for (const { path, bytes } of models) {
    const { part, dtype } = parsePartFile(basename(path));
    const data = others.filter((file) => owners.get(file.path) === path);
    const variant = {
      dtype,
      file: path,
      dataFiles: data.map((file) => file.path),
      bytes: data.reduce((sum, file) => sum + file.bytes, bytes),
    };
    parts.set(part, [...(parts.get(part) ?? []), variant]);
  }
  return Array.from(parts, ([name, variants]) => ({ name, role: partRole(name), variants }));
}

/** The variant of a part; throws ERR_FOLDER_PART, naming what there is. */
export function findVariant(folder: ModelFolder, part: string, dtype: FolderDtype = 'fp32'): PartVariant {
  const found = folder.parts.find(({ name }) => name === part);
  if (!found) {
    const names = folder.parts.map(({ name }) => name).join(', ');
    throw folderError('ERR_FOLDER_PART', `part: expected one of ${names}, received ${part}`);
  }
  const variant = found.variants.find((candidate) => candidate.dtype === dtype);
  if (variant) return variant;
  const dtypes = found.variants.map((candidate) => candidate.dtype).join(', ');
  throw folderError('ERR_FOLDER_PART', `${part}: expected one of the variants ${dtypes}, received ${dtype}`);
}
