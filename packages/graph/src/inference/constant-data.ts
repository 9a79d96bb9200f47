import type { DType } from '../dtype.js';
import { type Dim, SymbolicDim } from '../ir/dim.js';
import type { Tensor } from '../ir/tensor.js';
import type { Data } from './rule.js';

/** Contents are followed for tensors of at most this many elements: shapes, axes, pads, small tables of sizes. */
export const MAX_DATA = 1024;

/** The same for floats: scales of an image, not weights. */
const MAX_FLOATS = 64;

/** Integers from here on are bounds (INT64_MAX and the like, clamped), not exact values. */
export const CLAMP = Number.MAX_SAFE_INTEGER;

/** Value range of the integer types whose contents are followed. */
const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  bool: [0, 1],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-CLAMP, CLAMP],
  uint64: [0, CLAMP],
};

/** Integers beyond these magnitudes are not exact in the type. */
const EXACT_INTEGERS: Partial<Record<DType, number>> = { float16: 2 ** 11, bfloat16: 2 ** 8 };

/** Tensors do not change, and every inference asks for the same ones; those in a file would be read again each time. */
const known = new WeakMap<Tensor, Data>();

/**
 * The contents of a small numeric tensor: 64-bit integers beyond 2^53 are clamped (they are bounds), floats beyond it, infinities and NaN
 * unknown. Undefined for large tensors and other dtypes.
 */
export function dataOfTensor(tensor: Tensor): Data | undefined {
  if (!followsData(tensor.dtype, tensor.length)) return undefined;
  const earlier = known.get(tensor);
  if (earlier) return earlier;
  const isBounded = tensor.dtype in RANGES;
  const data = Array.from(tensor.toFloat64(), (value) => {
    if (isBounded) return Math.min(Math.max(value, -CLAMP), CLAMP);
    return Math.abs(value) < CLAMP ? value : undefined;
  });
  known.set(tensor, data);
  return data;
}

/** True for the dtypes and element counts whose contents are followed. */
export function followsData(dtype: DType | undefined, count: number): boolean {
  if (dtype === undefined) return false;
  if (dtype in RANGES) return count <= MAX_DATA;
  return count <= MAX_FLOATS && (dtype === 'float32' || dtype === 'float64' || dtype in EXACT_INTEGERS);
}

/** `value` as an element of `dtype` (rounded to float32 where that is the type), or undefined when the type cannot hold it exactly. */
export function elementOf(dtype: DType | undefined, value: Dim): Dim {
  if (value === undefined || dtype === undefined) return undefined;
  if (value instanceof SymbolicDim) {
    return dtype === 'int64' || dtype === 'int32' || dtype === 'float32' || dtype === 'float64' ? value : undefined;
  }
  const range = RANGES[dtype];
  // Integers have no -0: + 0 takes the sign off.
  if (range) return Number.isInteger(value) && value >= range[0] && value <= range[1] ? value + 0 : undefined;
  if (dtype === 'float64') return value;
  if (dtype === 'float32') return Math.fround(value);
  const exact = EXACT_INTEGERS[dtype];
  return exact && Number.isInteger(value) && Math.abs(value) <= exact ? value : undefined;
}
