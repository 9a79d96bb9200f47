import { GossamerError } from '@gossamer/graph';
import type { AffineArguments } from '@gossamer/native';
import { type CodeType, codeType, type QuantizedDtype } from './quantized-dtype.js';
import { requireArray, requireLength } from './require-array.js';

interface CodeRange<D extends QuantizedDtype> {
  /** Element type of the codes. */
  readonly dtype: D;
  /** Smallest code to produce. Default: the smallest of the dtype. Not used when dequantizing. */
  readonly quantMin?: number;
  /** Largest code to produce. Default: the largest of the dtype. Not used when dequantizing. */
  readonly quantMax?: number;
}

/** One scale and zero point for a whole tensor: real = (code - zeroPoint) * scale. */
export interface AffineParams<D extends QuantizedDtype = QuantizedDtype> extends CodeRange<D> {
  /** Real units per quantized step; finite, not 0. */
  readonly scale: number;
  /** Code that represents real 0, inside the dtype's range. Default 0. */
  readonly zeroPoint?: number;
}

/** A scale and a zero point for each channel or block. */
export interface AffineArrayParams<D extends QuantizedDtype = QuantizedDtype> extends CodeRange<D> {
  /** Real units per quantized step; each finite, not 0. */
  readonly scale: Float32Array;
  /** Codes that represent real 0, one a byte or word; as many as scales. Default: all 0. */
  readonly zeroPoint?: Int32Array | Int8Array | Uint8Array;
}

/** `[quantMin, quantMax]`, checked to be integers inside the dtype. Throws ERR_BAD_RANGE. */
export function codeRange({ dtype, quantMin, quantMax }: CodeRange<QuantizedDtype>): [number, number] {
  const type = codeType(dtype);
  const min = quantMin ?? type.min;
  const max = quantMax ?? type.max;
  const inside = (code: number): boolean => Number.isInteger(code) && code >= type.min && code <= type.max;
  if (inside(min) && inside(max) && min <= max) return [min, max];
  const expected = `integers with ${type.min} <= quantMin <= quantMax <= ${type.max}`;
  throw new GossamerError('ERR_BAD_RANGE', `quantMin, quantMax: expected ${expected}, received ${min}, ${max}`);
}

/** The addon's arguments for parameters of one tensor. Throws ERR_BAD_SCALE or ERR_BAD_ZERO_POINT. */
export function affineArguments(params: AffineParams): AffineArguments {
  const type = codeType(params.dtype);
  const { scale, zeroPoint = 0 } = params;
  const stored = Math.fround(scale);
  if (typeof scale !== 'number' || !Number.isFinite(stored) || stored === 0) {
    const expected = 'a finite number other than 0 in float32';
    throw new GossamerError('ERR_BAD_SCALE', `scale: expected ${expected}, received ${String(scale)}`);
  }
  if (!(Number.isInteger(zeroPoint) && zeroPoint >= type.min && zeroPoint <= type.max)) {
    const expected = `an integer in [${type.min}, ${type.max}]`;
    throw new GossamerError('ERR_BAD_ZERO_POINT', `zeroPoint: expected ${expected}, received ${String(zeroPoint)}`);
  }
  return [Float32Array.of(stored), Int32Array.of(zeroPoint), type.isSigned, type.isPacked];
}

function zeroPoints(zeroPoint: AffineArrayParams['zeroPoint'], count: number): Int32Array {
  if (zeroPoint === undefined) return new Int32Array(count);
  requireArray('zeroPoint', zeroPoint, 'Int32Array', 'Int8Array', 'Uint8Array');
  requireLength('zeroPoint', zeroPoint, count);
  return zeroPoint instanceof Int32Array ? zeroPoint : Int32Array.from(zeroPoint);
}

/** The addon's arguments for `count` scales and zero points; their values are checked there. */
export function affineArrayArguments(params: AffineArrayParams, count: number): AffineArguments {
  const type: CodeType = codeType(params.dtype);
  requireArray('scale', params.scale, 'Float32Array');
  requireLength('scale', params.scale, count);
  return [params.scale, zeroPoints(params.zeroPoint, count), type.isSigned, type.isPacked];
}
