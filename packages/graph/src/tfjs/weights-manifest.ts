import type { DType } from '../dtype.js';
import { decodeFloat, FLOAT16 } from '../ir/small-float.js';
import { elementCount, Tensor } from '../ir/tensor.js';
import type { ByteSource } from '../wire/byte-source.js';
import { tfjsError } from './error-codes.js';
import { asArray, asDims, asObject, asString, describe, type JsonObject, property } from './json.js';
import { lazyTensor } from './lazy-tensor.js';
import { ShardSource } from './shard-source.js';

/** A manifest with more shards than this is refused: each is opened once. */
const MAX_SHARDS = 10_000;

const ELEMENT_BYTES = { float32: 4, int32: 4, bool: 1 } as const;
type WeightDType = keyof typeof ELEMENT_BYTES;

interface Quantization {
  readonly dtype: 'uint8' | 'uint16' | 'float16';
  readonly scale: number;
  readonly min: number;
}

/** One weight of the manifest, before its bytes are placed. */
interface WeightSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: WeightDType;
  readonly quantization: Quantization | undefined;
  readonly byteLength: number;
}

/** Weights by name; tensors read their shards when asked for. */
export interface Weights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names of weights stored in fewer bits than they are computed in, by storage dtype. */
  readonly storage: ReadonlyMap<string, number>;
  close(): void;
}

/**
 * Reads `weightsManifest`: every weight as TF.js computes with it. Weights stored as float16, uint8 or uint16 become float32 (int32)
 * when read, by TF.js's own arithmetic: `value * scale + min` in float64, rounded once.
 *
 * `open` opens a shard by its path in the manifest. Throws ERR_TFJS_WEIGHTS where the shards do not hold exactly the listed weights.
 */
export function readWeights(manifest: unknown, open: (path: string) => ByteSource): Weights {
  const tensors = new Map<string, Tensor>();
  const storage = new Map<string, number>();
  const sources: ShardSource[] = [];
  let shards = 0;
  try {
    asArray(manifest, 'weightsManifest').forEach((entry, index) => {
      const group = asObject(entry, `weightsManifest[${index}]`);
      const paths = asArray(property(group, 'paths'), 'paths').map((path) => asString(path, 'path'));
      shards += paths.length;
      if (shards > MAX_SHARDS) throw weightsError('weightsManifest', `at most ${MAX_SHARDS} shards`, `${shards}`);
      const source = new ShardSource(paths.map((path) => () => open(path)));
      sources.push(source);
      let at = 0;
      for (const item of asArray(property(group, 'weights'), 'weights')) {
        const spec = readSpec(asObject(item, 'weight'));
        if (tensors.has(spec.name)) throw weightsError(spec.name, 'one weight of a name', 'two');
        if (at + spec.byteLength > source.byteLength) throw sizeError(index, source, at + spec.byteLength, 'at least');
        tensors.set(spec.name, placeTensor(spec, source, at));
        if (spec.quantization) count(storage, spec.quantization.dtype);
        at += spec.byteLength;
      }
      if (at !== source.byteLength) throw sizeError(index, source, at, 'exactly');
    });
  } catch (error) {
    for (const source of sources) source.close();
    throw error;
  }
  return { tensors, storage, close: () => sources.forEach((source) => source.close()) };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
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

function readSpec(item: JsonObject): WeightSpec {
  const name = asString(property(item, 'name'), 'weight name');
  const dims = asDims(property(item, 'shape'), `shape of ${JSON.stringify(name.slice(0, 80))}`);
  const dtype = asString(property(item, 'dtype'), 'weight dtype');
  if (!Object.hasOwn(ELEMENT_BYTES, dtype)) throw weightsError(name, 'float32, int32 or bool', describe(dtype));
  const quantization = readQuantization(name, dtype as WeightDType, property(item, 'quantization'));
  const width = quantization ? (quantization.dtype === 'uint8' ? 1 : 2) : ELEMENT_BYTES[dtype as WeightDType];
  const byteLength = elementCount(dims) * width;
  if (!Number.isSafeInteger(byteLength)) throw weightsError(name, 'fewer than 2^53 bytes', describe(dims));
  return { name, dims, dtype: dtype as WeightDType, quantization, byteLength };
}

function readQuantization(name: string, dtype: WeightDType, value: unknown): Quantization | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = asObject(value, 'quantization');
  const stored = property(fields, 'dtype');
  if (stored === 'float16' && dtype === 'float32') return { dtype: stored, scale: 1, min: 0 };
  if ((stored !== 'uint8' && stored !== 'uint16') || dtype === 'bool') {
    throw weightsError(name, `a storage of ${dtype} that TF.js knows`, describe(stored));
  }
  const scale = property(fields, 'scale');
  const min = property(fields, 'min');
  if (typeof scale !== 'number' || !Number.isFinite(scale)) throw weightsError(name, 'a finite scale', describe(scale));
  if (typeof min !== 'number' || !Number.isFinite(min)) throw weightsError(name, 'a finite min', describe(min));
  return { dtype: stored, scale, min };
}

function placeTensor(spec: WeightSpec, source: ShardSource, at: number): Tensor {
  const { dims, dtype, quantization, byteLength } = spec;
  if (quantization) {
    return lazyTensor(dtype, dims, () => dequantize(source.read(at, at + byteLength), dtype, quantization));
  }
  return Tensor.fromStorage(dtype satisfies DType, dims, {
    byteLength,
    read: (start, end) => source.read(at + start, at + end),
  });
}

let halves: Float32Array | undefined;

/** The value of every float16 code, made when first needed. */
function halfValues(): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, code) => decodeFloat(code, FLOAT16));
  return halves;
}

/** TF.js's own arithmetic, element by element. Source: tfjs-core `io_utils.decodeWeights`. */
function dequantize(bytes: Uint8Array, dtype: WeightDType, quantization: Quantization): Float32Array | Int32Array {
  const { scale, min } = quantization;
  const wide = quantization.dtype !== 'uint8';
  const length = wide ? bytes.length / 2 : bytes.length;
  const code = (i: number): number => (wide ? bytes[2 * i]! | (bytes[2 * i + 1]! << 8) : bytes[i]!);
  if (quantization.dtype === 'float16') {
    const values = halfValues();
    return Float32Array.from({ length }, (_, i) => values[code(i)]!);
  }
  if (dtype === 'int32') return Int32Array.from({ length }, (_, i) => Math.round(code(i) * scale + min));
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) out[i] = code(i) * scale + min;
  return out;
}
