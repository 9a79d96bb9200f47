import { GossamerError } from '../errors.js';
import type { Tensor } from '../ir/tensor.js';
import { openExternalFile } from '../wire/external-path.js';
import { FileSource } from '../wire/file-source.js';
import { HeaderScanner } from './header-scanner.js';
import { DEFAULT_SAFETENSORS_LIMITS, type SafetensorsLimits } from './limits.js';
import { readSafetensors, type Safetensors, type SafetensorsOptions } from './read-safetensors.js';

/** An index that names more files is refused: each stays open. */
const MAX_SHARDS = 1000;

/**
 * Opens a checkpoint of several files by its index: `{ "metadata": ..., "weight_map": { tensor: file } }`. Every tensor of the map must be in
 * its file; what files hold beside is left out, as transformers leaves it out. Files lie in the index's folder.
 *
 * Throws ERR_SAFETENSORS_INDEX, ERR_DUPLICATE_NAME, ERR_ENTRY_BUDGET, ERR_STRING_LENGTH, ERR_EXTERNAL_PATH, ERR_FILE_NOT_FOUND and what a single file
 * throws.
 */
export function loadSharded(path: string, options: SafetensorsOptions): Safetensors {
  const limits = { ...DEFAULT_SAFETENSORS_LIMITS, ...options.limits };
  const places = readIndex(path, limits);
  const shards = new Map<string, Safetensors>();
  const close = () => shards.forEach((shard) => shard.close());
  try {
    const tensors = new Map<string, Tensor>();
    for (const [name, file] of places) {
      const shard = shards.get(file) ?? openShard(path, file, shards, options);
      const tensor = shard.tensors.get(name);
      if (!tensor) throw malformed(path, `tensor ${quote(name)} in ${quote(file)}`, 'a file without');
      tensors.set(name, tensor);
    }
    return { tensors, metadata: [...shards.values()][0]?.metadata ?? new Map(), close };
  } catch (error) {
    close();
    throw error;
  }
}

function openShard(
  path: string,
  file: string,
  shards: Map<string, Safetensors>,
  options: SafetensorsOptions,
): Safetensors {
  if (shards.size === MAX_SHARDS) throw malformed(path, `at most ${MAX_SHARDS} files`, 'more');
  const source = openExternalFile(path, file, options.trust ?? 'trusted');
  try {
    const shard = readSafetensors(source, options);
    shards.set(file, shard);
    return shard;
  } catch (error) {
    source.close();
    throw error;
  }
}

/** The file of every tensor, in the order of the index. */
function readIndex(path: string, limits: SafetensorsLimits): Map<string, string> {
  const source = new FileSource(path);
  try {
    if (source.byteLength > limits.maxHeaderBytes) {
      throw malformed(path, `at most ${limits.maxHeaderBytes} bytes`, source.byteLength);
    }
    return parseIndex(source.read(0, source.byteLength), path, limits);
  } finally {
    source.close();
  }
}

function parseIndex(bytes: Uint8Array, path: string, limits: SafetensorsLimits): Map<string, string> {
  const scanner = new HeaderScanner(bytes, limits);
  let places: Map<string, string> | undefined;
  scanner.object((key) => {
    if (key !== 'weight_map') {
      scanner.skip();
      return;
    }
    if (places) throw malformed(path, 'one weight_map', 'two');
    places = readPlaces(scanner, limits);
  });
  scanner.end();
  if (!places) throw malformed(path, 'a weight_map', 'none');
  return places;
}

function readPlaces(scanner: HeaderScanner, { maxEntries }: SafetensorsLimits): Map<string, string> {
  const places = new Map<string, string>();
  scanner.object((name) => {
    if (places.has(name)) {
      throw new GossamerError(
        'ERR_DUPLICATE_NAME',
        `weight_map: expected each name once, received ${quote(name)} twice`,
      );
    }
    if (places.size === maxEntries) {
      throw new GossamerError('ERR_ENTRY_BUDGET', `weight_map: expected at most ${maxEntries} entries, received more`);
    }
    places.set(name, scanner.string());
  });
  return places;
}

function malformed(path: string, expected: string, received: unknown): Error {
  return new GossamerError('ERR_SAFETENSORS_INDEX', `${path}: expected ${expected}, received ${received}`);
}

const quote = (text: string) => JSON.stringify(text.slice(0, 80));
