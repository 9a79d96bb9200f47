import type { DType } from '@gossamer/graph';

/** How an element of a floating type is cut for coding, from its highest bit down. */
export interface FloatParts {
  /** Bytes of one element. */
  readonly width: number;
  /** Sign and exponent. */
  readonly highBits: number;
  /** The upper bits of the mantissa, to the next byte. */
  readonly middleBits: number;
}

const PARTS: Partial<Record<DType, FloatParts>> = {
  float32: { width: 4, highBits: 9, middleBits: 7 },
  float16: { width: 2, highBits: 6, middleBits: 2 },
  bfloat16: { width: 2, highBits: 9, middleBits: 7 },
  float64: { width: 8, highBits: 12, middleBits: 4 },
};

/** The parts of a floating type of 2, 4 or 8 bytes; undefined for other types. */
export function floatParts(dtype: DType): FloatParts | undefined {
  return PARTS[dtype];
}
