import { dividedBy, type FixedPoint, fixedPointOf, headroom, requantize } from './fixed-point.js';

/** Bits that differences of codes are raised by in sums and concatenations (Jacob et al., appendix A.2; TensorFlow Lite). */
const CODE_HEADROOM = 20;

/** Bits that products of two differences of codes leave free in int32. */
const PRODUCT_HEADROOM = 15;

/** Largest |w - zero point|: of symmetric int8, and of weights with zero points. */
const WEIGHT_LIMITS = { symmetric: 128, asymmetric: 255 } as const;

/** The factor of an integer layer for each output: S_w S_x / S_y. */
export const layerFactor = (xScale: number, wScale: number, yScale: number): FixedPoint =>
  fixedPointOf((xScale * wScale) / yScale);

/** An output code of a convolution or product from its int32 sum, before clamping; `depth` products were added. */
export function layerCode(
  sum: number,
  factor: FixedPoint,
  { depth, bias, weights, yZero }: { depth: number; bias: number; weights: 'symmetric' | 'asymmetric'; yZero: number },
): number {
  return yZero + requantize(sum, factor, headroom(255 * WEIGHT_LIMITS[weights] * depth + Math.abs(bias)));
}

/**
 * The three factors of a sum: of both operands to the common scale 2 max(S_a, S_b), which raise them by 20 bits, and of their sum to the
 * result's scale.
 */
export function sumFactors(
  aScale: number,
  bScale: number,
  yScale: number,
): readonly [FixedPoint, FixedPoint, FixedPoint] {
  const common = 2 * Math.max(aScale, bScale);
  const raised = 2 ** CODE_HEADROOM;
  return [
    fixedPointOf((aScale / common) * raised),
    fixedPointOf((bScale / common) * raised),
    fixedPointOf(common / (raised * yScale)),
  ];
}

/** The code of a sum from codes less their zero points, before clamping and without the result's zero point. */
export function sumCode(a: number, b: number, [aFactor, bFactor, yFactor]: ReturnType<typeof sumFactors>): number {
  const [left, right] = [requantize(a, aFactor, CODE_HEADROOM), requantize(b, bFactor, CODE_HEADROOM)];
  return requantize(left + right, yFactor, 0);
}

/** The code of a product of codes less their zero points, factor S_a S_b / S_y. */
export const productCode = (a: number, b: number, factor: FixedPoint): number =>
  requantize(a * b, factor, PRODUCT_HEADROOM);

/** A code of one scale in another, less the zero points. */
export const rescaledCode = (code: number, factor: FixedPoint): number => requantize(code, factor, CODE_HEADROOM);

/** The code of an average: `sum` of `elements` codes less their zero point over `count`, factor S_x / S_y. */
export const averageCode = (sum: number, elements: number, count: number, factor: FixedPoint): number =>
  requantize(sum, dividedBy(factor, count), headroom(255 * elements));
