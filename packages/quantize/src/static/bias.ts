import { roundHalfEven, Tensor } from '@gossamer/graph';

/** Codes of a bias stay below this magnitude, so that adding the products cannot overflow int32 soon. */
const LIMIT = 2 ** 30;

/**
 * The least weight scale of each channel for which its bias, in steps of inputScale * weightScale, fits int32. Channels whose weights
 * are tiny beside their bias need it; their weights lose resolution they do not need.
 */
export function minWeightScales(bias: ArrayLike<number>, inputScale: number): Float64Array {
  return Float64Array.from(bias, (b) => Math.abs(b) / (inputScale * LIMIT));
}

/** One scale for all channels: the largest of the needed ones. */
export function minWeightScale(bias: ArrayLike<number>, inputScale: number): Float64Array {
  return Float64Array.of(minWeightScales(bias, inputScale).reduce((a, b) => Math.max(a, b), 0));
}

export interface QuantizedBias {
  /** int32 [channels]. */
  readonly codes: Tensor;
  /** inputScale * weightScale: [channels], or rank 0. */
  readonly scale: Tensor;
}

/** The bias in int32 steps of inputScale * weightScale, zero point 0, as integer kernels add it to their sums. */
export function quantizeBias(bias: Float32Array, inputScale: number, weightScale: Tensor): QuantizedBias {
  const scales = weightScale.toFloat32().map((s) => s * inputScale);
  const codes = Int32Array.from(bias, (b, i) => {
    const code = roundHalfEven(b / scales[scales.length === 1 ? 0 : i]!);
    return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, code));
  });
  return { codes: Tensor.of('int32', [bias.length], codes), scale: Tensor.of('float32', weightScale.dims, scales) };
}
