import type { DType } from '../dtype.js';
import { elementCount, Tensor } from '../ir/tensor.js';
import type { ByteSource } from '../wire/byte-source.js';
import { tfjsError } from './error-codes.js';
import { asArray, asDims, asObject, asString, describe, type JsonObject, property } from './json.js';
import { lazyTensor } from './lazy-tensor.js';
import { ShardSource } from './shard-source.js';
import { decodeStored, type Quantization, STORAGE_BYTES, type StorageDType } from './weight-storage.js';

/** A manifest with more shards than this is refused: each is opened once. */
const MAX_SHARDS = 10_000;

/** Bytes of an element; a string has its length (4 bytes) before its bytes. */
const ELEMENT_BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, string: 4 } as const;
type WeightDType = keyof typeof ELEMENT_BYTES;

/** One weight of a manifest. */
export interface StoredWeight {
  /** Its entry in the manifest. */
  readonly item: JsonObject;
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: WeightDType;
  readonly quantization: Quantization | undefined;
  /** Bytes in the shards. */
  readonly byteLength: number;
  /** Bytes [start, end) as the shards have them. */
  read(start: number, end: number): Uint8Array;
  /** What TF.js computes with; undefined for strings and complex numbers. */
  readonly tensor: Tensor | undefined;
}

/** A group of a manifest: weights that lie one after another in its shards. */
export interface WeightGroup {
  readonly item: JsonObject;
  readonly weights: readonly StoredWeight[];
}

/** Weights by name; tensors read their shards when asked for. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names of weights that are strings or complex numbers, with their dtype. */
  readonly others: ReadonlyMap<string, WeightDType>;
  /** Counts of weights stored in fewer bits than they are computed in, by storage dtype. */
  readonly storage: ReadonlyMap<string, number>;
  close(): void;
}

/** The groups of a manifest over opened shards. */
export interface OpenedManifest {
  readonly groups: readonly WeightGroup[];
  /** Paths of the shard files, where they are files. */
  readonly files: readonly string[];
  close(): void;
}

/**
 * Reads `weightsManifest`: every weight as TF.js computes with it. Weights stored as float16, uint8 or uint16 become float32 (int32)
 * when read, by TF.js's own arithmetic: `value * scale + min` in float64, rounded once.
 *
 * `open` opens a shard by its path in the manifest. Throws ERR_TFJS_WEIGHTS where the shards do not hold exactly the listed weights.
 */
export function readWeights(manifest: unknown, open: (path: string) => ByteSource): Weights {
  const { groups, close } = openManifest(manifest, open);
  const tensors = new Map<string, Tensor>();
  const others = new Map<string, WeightDType>();
  const storage = new Map<string, number>();
  for (const { name, tensor, dtype, quantization } of groups.flatMap(({ weights }) => weights)) {
    if (tensor) tensors.set(name, tensor);
    else others.set(name, dtype);
    if (quantization) storage.set(quantization.dtype, (storage.get(quantization.dtype) ?? 0) + 1);
  }
  return { tensors, others, storage, close };
}

/** The weights of a manifest, group by group; as `readWeights`. */
export function openManifest(manifest: unknown, open: (path: string) => ByteSource): OpenedManifest {
  const names = new Set<string>();
  const sources: ShardSource[] = [];
  const files: string[] = [];
  let shards = 0;
  const openShard = (path: string): ByteSource => {
    const source = open(path);
    if (source.path !== undefined) files.push(source.path);
    return source;
  };
  try {
    const groups = asArray(manifest, 'weightsManifest').map((entry, index): WeightGroup => {
      const item = asObject(entry, `weightsManifest[${index}]`);
      const paths = asArray(property(item, 'paths'), 'paths').map((path) => asString(path, 'path'));
      shards += paths.length;
      if (shards > MAX_SHARDS) throw weightsError('weightsManifest', `at most ${MAX_SHARDS} shards`, `${shards}`);
      const source = new ShardSource(paths.map((path) => () => openShard(path)));
      sources.push(source);
      return { item, weights: readGroup(item, index, source, names) };
    });
    return { groups, files: [...new Set(files)], close: () => sources.forEach((source) => source.close()) };
  } catch (error) {
    for (const source of sources) source.close();
    throw error;
  }
}

function readGroup(item: JsonObject, index: number, source: ShardSource, names: Set<string>): StoredWeight[] {
  let at = 0;
  const weights = asArray(property(item, 'weights'), 'weights').map((entry) => {
    const weight = readWeight(asObject(entry, 'weight'), source, at);
    if (names.has(weight.name)) throw weightsError(weight.name, 'one weight of a name', 'two');
    names.add(weight.name);
    at += weight.byteLength;
    if (at > source.byteLength) throw sizeError(index, source, at, 'at least');
    return weight;
  });
  if (at !== source.byteLength) throw sizeError(index, source, at, 'exactly');
  return weights;
}

function weightsError(name: string, expected: string, received: string): Error {
  return tfjsError(
    'ERR_TFJS_WEIGHTS',
    `weight ${JSON.stringify(name.slice(0, 80))}: expected ${expected}, received ${received}`,
  );
}

function sizeError(group: number, source: ShardSource, needed: number, relation: string): Error {
  return tfjsError(
    'ERR_TFJS_WEIGHTS',
    `weightsManifest[${group}]: expected ${relation} ${needed} bytes of shards, received ${source.byteLength}`,
  );
}

/** The weight that begins at byte `at` of its group. */
function readWeight(item: JsonObject, source: ShardSource, at: number): StoredWeight {
  const name = asString(property(item, 'name'), 'weight name');
  const dims = asDims(property(item, 'shape'), `shape of ${JSON.stringify(name.slice(0, 80))}`);
  const spelled = asString(property(item, 'dtype'), 'weight dtype');
  if (!Object.hasOwn(ELEMENT_BYTES, spelled)) {
    throw weightsError(name, Object.keys(ELEMENT_BYTES).join(', '), describe(spelled));
  }
  const dtype = spelled as WeightDType;
  const quantization = readQuantization(name, dtype, property(item, 'quantization'));
  const width = quantization ? STORAGE_BYTES[quantization.dtype] : ELEMENT_BYTES[dtype];
  let byteLength = elementCount(dims) * width;
  if (!Number.isSafeInteger(byteLength)) throw weightsError(name, 'fewer than 2^53 bytes', describe(dims));
  if (dtype === 'string' && at + byteLength <= source.byteLength) byteLength = stringBytes(name, dims, source, at);
  const read = (start: number, end: number) => source.read(at + start, at + end);
  const stored = { item, name, dims, dtype, quantization, byteLength, read };
  return { ...stored, tensor: tensorOf(stored) };
}

function tensorOf({ dims, dtype, quantization, byteLength, read }: Omit<StoredWeight, 'tensor'>): Tensor | undefined {
  if (dtype === 'string' || dtype === 'complex64') return undefined;
  if (!quantization || dtype === 'bool') {
    return Tensor.fromStorage(dtype satisfies DType, dims, { byteLength, read });
  }
  return lazyTensor(dtype, dims, () => decodeStored(read(0, byteLength), dtype, quantization));
}

/** Bytes of strings: before each its length, an unsigned 32-bit integer, little-endian. */
function stringBytes(name: string, dims: readonly number[], source: ShardSource, at: number): number {
  let end = at;
  for (let left = elementCount(dims); left > 0; left--) {
    if (end + 4 > source.byteLength) throw weightsError(name, 'strings within the shards', 'longer ones');
    const { buffer, byteOffset } = source.read(end, end + 4);
    end += 4 + new DataView(buffer, byteOffset, 4).getUint32(0, true);
  }
  return end - at;
}

function readQuantization(name: string, dtype: WeightDType, value: unknown): Quantization | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = asObject(value, 'quantization');
  const stored = property(fields, 'dtype');
  if (stored === 'float16' && dtype === 'float32') return { dtype: stored, scale: 1, min: 0 };
  if ((stored !== 'uint8' && stored !== 'uint16') || (dtype !== 'float32' && dtype !== 'int32')) {
    throw weightsError(name, `a storage of ${dtype} that TF.js knows`, describe(stored));
  }
  const scale = property(fields, 'scale');
  const min = property(fields, 'min');
  if (typeof scale !== 'number' || !Number.isFinite(scale)) throw weightsError(name, 'a finite scale', describe(scale));
  if (typeof min !== 'number' || !Number.isFinite(min)) throw weightsError(name, 'a finite min', describe(min));
  return { dtype: stored satisfies StorageDType, scale, min };
}
