import { decodeFloat, encodeFloat, FLOAT16, roundHalfEven } from '../ir/small-float.js';

/** The forms TF.js stores a weight in that take fewer bits than it computes with. */
export type StorageDType = 'uint8' | 'uint16' | 'float16';

/** How a weight is stored: its value is `code * scale + min`, or the float16 itself (scale 1, min 0). */
export interface Quantization {
  readonly dtype: StorageDType;
  readonly scale: number;
  readonly min: number;
}

export const STORAGE_BYTES: Readonly<Record<StorageDType, number>> = { uint8: 1, uint16: 2, float16: 2 };

/** Largest finite float16. */
export const FLOAT16_MAX = 65504;

/**
 * The grid of a weight with values from `lowest` to `highest` (finite), as tfjs-converter lays it: one for the whole tensor, over its whole
 * range; moved by at most half a step so that 0, where the range has it, is a code's value; step 1 where all values are one.
 * Source: tfjs-converter `quantization.py`, `_get_affine_quantization_range`.
 */
export function affineGrid(lowest: number, highest: number, dtype: 'uint8' | 'uint16'): Quantization {
  if (lowest === highest) return { dtype, scale: 1, min: lowest };
  const scale = (highest - lowest) / (2 ** (8 * STORAGE_BYTES[dtype]) - 1);
  if (lowest > 0 || highest < 0) return { dtype, scale, min: lowest };
  // Adding 0 turns -0 into 0.
  return { dtype, scale, min: -roundHalfEven(-lowest / scale) * scale + 0 };
}

/**
 * Stores finite numbers in the given form, little-endian: the nearest code, ties to the even one, in float64 (tfjs-converter under NumPy 2;
 * under NumPy 1 it rounds in float32, and here and there to the neighbour).
 */
export function encodeStored(values: Float32Array, { dtype, scale, min }: Quantization): Uint8Array {
  if (dtype === 'float16') return encodeHalves(values);
  const largest = 2 ** (8 * STORAGE_BYTES[dtype]) - 1;
  const codes = dtype === 'uint8' ? new Uint8Array(values.length) : new Uint16Array(values.length);
  const top = largest * scale + min;
  for (let i = 0; i < values.length; i++) {
    codes[i] = roundHalfEven((Math.min(Math.max(values[i]!, min), top) - min) / scale);
  }
  return new Uint8Array(codes.buffer);
}

function encodeHalves(values: Float32Array): Uint8Array {
  const codes = Uint16Array.from(values, (value) => encodeFloat(value, FLOAT16));
  return new Uint8Array(codes.buffer);
}

let halves: Float32Array | undefined;

/** The value of every float16 code, made when first needed. */
function halfValues(): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, code) => decodeFloat(code, FLOAT16));
  return halves;
}

/** TF.js's own arithmetic, element by element. Source: tfjs-core `io_utils.decodeWeights`. */
export function decodeStored(
  bytes: Uint8Array,
  dtype: 'float32' | 'int32',
  quantization: Quantization,
): Float32Array | Int32Array {
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

/**
 * Largest distance of a stored value from its number: half a step and, for the two float64 operations and the rounding to float32, the
 * rest. For float16: half a unit in the last place, 2^-11 of the number, at least 2^-25.
 */
export function storageBound({ dtype, scale }: Quantization, magnitude: number): number {
  if (dtype === 'float16') return Math.max(magnitude * 2 ** -11, 2 ** -25);
  // A code up to 2^16 is exact to 2^-36 of a step before rounding; the result is rounded to float32 (2^-24 of it).
  return scale * (0.5 + 2 ** -35) + (magnitude + scale) * 2 ** -24;
}
