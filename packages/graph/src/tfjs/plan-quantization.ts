import { elementCount } from '../ir/tensor.js';
import type { JsonObject } from './json.js';
import { nameFilter } from './name-filter.js';
import { shardNames } from './save-folder.js';
import { affineGrid, FLOAT16_MAX, type Quantization, STORAGE_BYTES, type StorageDType } from './weight-storage.js';
import type { StoredWeight, WeightGroup } from './weights-manifest.js';

/** Which weights are stored how. */
export interface QuantizationChoice {
  /** How weights are stored: uint8 or uint16 codes on one affine grid per weight, or float16. */
  readonly weights: StorageDType;
  /** Only these weights: names, layers or globs (default: all). A weight given by its whole name is quantized however small. */
  readonly include?: readonly string[];
  /** Not these weights. */
  readonly exclude?: readonly string[];
  /** Weights of fewer elements stay as they are; default 1024. */
  readonly minElements?: number;
}

/** What becomes of one weight. */
export interface Decision {
  readonly weight: StoredWeight;
  /** Undefined where the bytes stay. */
  readonly quantization: Quantization | undefined;
  /** Largest magnitude of a quantized weight. */
  readonly magnitude: number;
  readonly reason: string;
}

/** One group of the new manifest. */
export interface GroupPlan {
  readonly decisions: readonly Decision[];
  readonly byteLength: number;
  /** Names of its shards. */
  readonly paths: readonly string[];
  /** The group's entry in the new manifest. */
  readonly item: JsonObject;
}

/** Decides for every weight; reads each once. */
export function planQuantization(
  groups: readonly WeightGroup[],
  choice: QuantizationChoice,
  signal?: AbortSignal,
): { plans: readonly GroupPlan[]; warnings: readonly string[] } {
  const { include = [], exclude = [], minElements = 1024 } = choice;
  const names = groups.flatMap(({ weights }) => weights.map(({ name }) => name));
  const filter = nameFilter(names, include, exclude);
  const decide = (weight: StoredWeight): Decision => {
    signal?.throwIfAborted();
    const { name } = weight;
    const refusal =
      filter.refusal(name) ??
      unfitForm(weight, choice.weights) ??
      (filter.isNamed(name) ? undefined : smallness(weight, minElements));
    return refusal === undefined ? fit(weight, choice.weights) : keep(weight, refusal);
  };
  const plans = groups.map((group, index): GroupPlan => {
    const decisions = group.weights.map(decide);
    const byteLength = decisions.reduce((sum, decision) => sum + storedBytes(decision), 0);
    const paths = shardNames(index, byteLength);
    const item = { ...group.item, paths, weights: decisions.map(manifestEntry) };
    return { decisions, byteLength, paths, item };
  });
  return { plans, warnings: filter.warnings };
}

/** Bytes of a weight in the new shards. */
export function storedBytes({ weight, quantization }: Decision): number {
  return quantization ? elementCount(weight.dims) * STORAGE_BYTES[quantization.dtype] : weight.byteLength;
}

const keep = (weight: StoredWeight, reason: string): Decision => ({
  weight,
  quantization: undefined,
  magnitude: 0,
  reason,
});

/** Why its dtype or its storage cannot change. */
function unfitForm({ dtype, quantization }: StoredWeight, storage: StorageDType): string | undefined {
  if (dtype !== 'float32') return `${dtype}, not float32`;
  if (quantization?.dtype === storage) return `stored as ${storage} already`;
  if (quantization && quantization.dtype !== 'float16') return `quantized already, to ${quantization.dtype}`;
  if (quantization && STORAGE_BYTES[storage] === 2) return 'stored as float16 already, which takes no more';
  return undefined;
}

function smallness({ dims }: StoredWeight, minElements: number): string | undefined {
  if (dims.length < 2) return 'a vector or a single number';
  const elements = elementCount(dims);
  return elements < minElements ? `${elements} elements, fewer than ${minElements}` : undefined;
}

/** Lays the grid of a weight's values, or finds why there is none. */
function fit(weight: StoredWeight, storage: StorageDType): Decision {
  const values = weight.tensor!.toFloat32();
  let lowest = Infinity;
  let highest = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) return keep(weight, `holds ${value}`);
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  if (values.length === 0) return keep(weight, 'no elements');
  const magnitude = Math.max(-lowest, highest);
  if (storage === 'float16') {
    // Up to here numbers round down to the largest float16.
    if (magnitude >= FLOAT16_MAX + 16) return keep(weight, `holds numbers beyond ${FLOAT16_MAX}`);
    return { weight, quantization: { dtype: storage, scale: 1, min: 0 }, magnitude, reason: 'rounded to float16' };
  }
  const quantization = affineGrid(lowest, highest, storage);
  const top = quantization.min + (highest - lowest);
  if (!Number.isFinite(Math.fround(quantization.min)) || !Number.isFinite(Math.fround(top))) {
    return keep(weight, 'its grid passes the range of float32');
  }
  return { weight, quantization, magnitude, reason: `one grid of ${storage} over its range` };
}

/** The weight's entry as it was, with what tfjs-converter says about its storage. */
function manifestEntry({ weight, quantization }: Decision): JsonObject {
  if (!quantization) return weight.item;
  const { dtype, scale, min } = quantization;
  const grid = dtype === 'float16' ? {} : { min, scale };
  return { ...weight.item, quantization: { dtype, ...grid, original_dtype: 'float32' } };
}
