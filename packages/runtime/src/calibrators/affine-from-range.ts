import { GossamerError, roundHalfEven } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { type Range, withZero } from './range.js';

/** How reals become codes: code = round(x / scale) + zeroPoint. */
export interface AffineParams {
  /** A float32, finite and > 0. */
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface CodeRange {
  readonly quantMin: number;
  readonly quantMax: number;
  readonly mapping: 'symmetric' | 'asymmetric';
}

/** Smallest normal float32: a smaller scale would lose bits, or divide by zero where denormals are flushed. */
const MIN_SCALE = 2 ** -126;
const MAX_SCALE = 3.4028234663852886e38;

/**
 * Scale and zero point of a range. Zero is exact: a range that starts at 0 (a ReLU's) has the zero point quantMin, one that ends there
 * quantMax; symmetric ones have 0 (128 for unsigned codes). A range of nothing but 0 has scale 1. Throws ERR_CALIBRATOR for a range that
 * is not finite.
 *
 * Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018,
 * section 3; rounding half to even as ONNX QuantizeLinear.
 */
export function affineFromRange(range: Range, { quantMin, quantMax, mapping }: CodeRange): AffineParams {
  const { min, max } = withZero(range, mapping);
  if (!(Number.isFinite(min) && Number.isFinite(max))) {
    const text = `range: expected finite limits, received [${range.min}, ${range.max}]`;
    throw new GossamerError<RuntimeErrorCode>('ERR_CALIBRATOR', text);
  }
  // Symmetric codes leave the odd one out: [-127, 127] of int8, [1, 255] around 128 of uint8.
  const centre = Math.ceil((quantMin + quantMax) / 2) + 0;
  const steps = mapping === 'symmetric' ? 2 * Math.min(centre - quantMin, quantMax - centre) : quantMax - quantMin;
  // Halves first: max - min may overflow.
  const exact = max / steps - min / steps;
  const scale = exact === 0 ? 1 : Math.min(MAX_SCALE, Math.max(MIN_SCALE, Math.fround(exact)));
  if (mapping === 'symmetric') return { scale, zeroPoint: centre };
  const zeroPoint = roundHalfEven(quantMin - min / scale) + 0;
  return { scale, zeroPoint: Math.min(quantMax, Math.max(quantMin, zeroPoint)) };
}
