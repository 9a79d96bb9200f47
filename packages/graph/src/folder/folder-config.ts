import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { folderError } from './error-codes.js';

/** A config.json has a few kilobytes; those with label maps of large vocabularies a few megabytes. */
const MAX_CONFIG_BYTES = 32 * 2 ** 20;

/** What config.json says: an object of which only what is named here is read. */
export type FolderConfig = Readonly<Record<string, unknown>>;

/** Reads config.json; throws ERR_MODEL_FOLDER when it is not the JSON of an object. */
export function readConfig(root: string): FolderConfig {
  const text = readText(join(root, 'config.json'));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw folderError('ERR_MODEL_FOLDER', 'config.json: expected JSON, received other text', { cause });
  }
  if (isObject(parsed)) return parsed;
  throw folderError('ERR_MODEL_FOLDER', 'config.json: expected an object, received another value');
}

function readText(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > MAX_CONFIG_BYTES) {
      throw folderError(
        'ERR_MODEL_FOLDER',
        `config.json: expected at most ${MAX_CONFIG_BYTES} bytes, received ${size}`,
      );
    }
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size;) {
      const count = readSync(file, bytes, at, size - at, at);
      if (count === 0) throw folderError('ERR_MODEL_FOLDER', `config.json: expected ${size} bytes, received ${at}`);
      at += count;
    }
    return bytes.toString('utf8');
  } finally {
    closeSync(file);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const KEY = 'transformers.js_config';

/** The settings under `transformers.js_config`; empty where there are none. */
export function runnerConfig(config: FolderConfig): FolderConfig {
  const found = config[KEY];
  return isObject(found) ? found : {};
}

/**
 * Data files that config.json promises for a model file: what it says under the file's name, under that of the part, or of all.
 * Source: transformers.js, src/utils/model-loader.js, resolveExternalDataFormat.
 */
export function promisedDataFiles(config: FolderConfig, fileName: string, part: string): number {
  const promised = runnerConfig(config)['use_external_data_format'];
  if (!isObject(promised)) return Number(promised ?? 0);
  const count = Object.hasOwn(promised, fileName) ? promised[fileName] : promised[part];
  return Number(count ?? 0);
}

/**
 * config.json with the number of data files that each model file (by name) really has; undefined where it says so already. transformers.js
 * fetches the files that are promised, and in a browser no others.
 */
export function withDataFiles(
  config: FolderConfig,
  files: readonly { readonly fileName: string; readonly part: string; readonly dataFiles: number }[],
): FolderConfig | undefined {
  const wrong = files.filter(({ fileName, part, dataFiles }) => {
    return promisedDataFiles(config, fileName, part) !== dataFiles;
  });
  if (wrong.length === 0) return undefined;
  const runner = runnerConfig(config);
  const promised = runner['use_external_data_format'];
  // A promise for all files becomes one for each that is there.
  const kept = isObject(promised) ? promised : Object.fromEntries(files.map((file) => [file.fileName, file.dataFiles]));
  const corrected = Object.fromEntries(wrong.map(({ fileName, dataFiles }) => [fileName, dataFiles]));
  return { ...config, [KEY]: { ...runner, use_external_data_format: { ...kept, ...corrected } } };
}
