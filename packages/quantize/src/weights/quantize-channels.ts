import { GossamerError, roundHalfEven, Tensor } from '@gossamer/graph';
import { type AxisView, axisView, minMaxAxisAsync, quantizeAffineAxisAsync } from '@gossamer/kernels';

/** Codes of a weight with the parameters that turn them back: w = (code - zeroPoint) * scale along `axis`. */
export interface QuantizedWeight {
  readonly codes: Tensor;
  /** [channels], or rank 0 per tensor. */
  readonly scale: Tensor;
  /** Of the codes' dtype and the scale's shape. */
  readonly zeroPoint: Tensor;
  /** The axis the scales run along; undefined per tensor. */
  readonly axis: number | undefined;
  /** Bits of a code in the file. Default: those of the codes' dtype. */
  readonly bits?: 4;
}

/** Bytes of codes, scales and zero points. */
export function weightBytes({ codes, scale, zeroPoint, bits }: QuantizedWeight): number {
  return (bits === 4 ? Math.ceil(codes.length / 2) : codes.byteLength) + scale.byteLength + zeroPoint.byteLength;
}

export interface ChannelOptions {
  readonly dtype: 'int8' | 'uint8';
  /** Axis of the scales; undefined: one scale for the tensor. */
  readonly axis: number | undefined;
  /** 7-bit codes. Default false. */
  readonly reduceRange?: boolean;
  /** 4: codes in [-7, 7] or [0, 15], which the file holds in 4 bits. Default 8. */
  readonly bits?: 4 | 8;
  /** Least scale of each channel (of the tensor: [0]), so that a bias in units of it fits int32. Default: none. */
  readonly minScale?: ArrayLike<number> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Smallest scale: with it 255 steps still span a normal float32. */
const TINY = 2 ** -118;

/**
 * Quantizes a weight per channel or per tensor: int8 symmetric in [-127, 127] (reduceRange: [-64, 64]), uint8 asymmetric in [0, 255]
 * (reduceRange: [0, 127]) with an exact zero; in 4 bits [-7, 7] and [0, 15]. A channel of zeros gets the smallest scale of the others. Throws
 * ERR_NOT_FINITE for NaN and infinities.
 */
export async function quantizeChannelWeight(
  data: Float32Array,
  shape: readonly number[],
  options: ChannelOptions,
): Promise<QuantizedWeight> {
  const { dtype, axis } = options;
  const view: AxisView = axis === undefined ? { outer: 1, axis: 1, inner: data.length } : axisView(shape, axis);
  const signal = options.signal ? { signal: options.signal } : {};
  const { min, max, nanCount, infCount } = await minMaxAxisAsync(data, view, signal);
  if (nanCount + infCount > 0) {
    const found = `${nanCount} NaN and ${infCount} infinite ones`;
    throw new GossamerError('ERR_NOT_FINITE', `weight: expected finite numbers, received ${found}`);
  }
  const { quantMin, quantMax } = codeRange(options);
  const scale = new Float32Array(view.axis);
  const zeroPoint = dtype === 'int8' ? new Int8Array(view.axis) : new Uint8Array(view.axis);
  for (let i = 0; i < view.axis; i++) {
    const low = Math.min(0, min[i]!);
    const high = Math.max(0, max[i]!);
    const span = dtype === 'int8' ? Math.max(-low, high) / quantMax : (high - low) / (quantMax - quantMin);
    scale[i] = Math.max(span, options.minScale?.[i] ?? 0);
  }
  fillZeroChannels(scale);
  if (dtype === 'uint8') for (let i = 0; i < view.axis; i++) zeroPoint[i] = zeroOf(min[i]!, scale[i]!, quantMax);
  const codes = await quantizeAffineAxisAsync(data, view, { dtype, scale, zeroPoint, quantMin, quantMax }, signal);
  const dims = axis === undefined ? [] : [view.axis];
  return {
    codes: Tensor.of(dtype, shape, codes),
    scale: Tensor.of('float32', dims, scale),
    zeroPoint: Tensor.of(dtype, dims, zeroPoint),
    axis,
    ...(options.bits === 4 ? { bits: 4 } : {}),
  };
}

/** The codes of a dtype that weights take. */
export function codeRange({
  dtype,
  bits,
  reduceRange = false,
}: Pick<ChannelOptions, 'dtype' | 'bits' | 'reduceRange'>): { quantMin: number; quantMax: number } {
  if (bits === 4) return dtype === 'int8' ? { quantMin: -7, quantMax: 7 } : { quantMin: 0, quantMax: 15 };
  if (dtype === 'int8') return reduceRange ? { quantMin: -64, quantMax: 64 } : { quantMin: -127, quantMax: 127 };
  return { quantMin: 0, quantMax: reduceRange ? 127 : 255 };
}

function zeroOf(min: number, scale: number, quantMax: number): number {
  return Math.min(quantMax, roundHalfEven(Math.max(0, -min) / scale));
}

/** A scale of 0 is no scale: channels of zeros take the smallest other one, 1 where there is none. */
function fillZeroChannels(scale: Float32Array): void {
  let least = Infinity;
  for (const value of scale) if (value >= TINY) least = Math.min(least, value);
  const fallback = least === Infinity ? 1 : least;
  for (let i = 0; i < scale.length; i++) if (!(scale[i]! >= TINY)) scale[i] = fallback;
}
