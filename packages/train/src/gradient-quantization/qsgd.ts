import { fillUniform } from '../data/counter-random.js';
import { badOption, requireInteger } from '../require-option.js';
import type { DrawPlace, GradientQuantizer } from './gradient-quantizer.js';
import { qsgdBits, type QsgdGradient } from './qsgd-code.js';
import { requireFinite } from './require-finite.js';

export interface QsgdOptions {
  /** s: levels above 0, in [1, 2^24]. Default 7: with a sign they fit 4 bits. */
  readonly levels?: number;
  /** Elements that share a norm, >= 1. Default 512. */
  readonly bucket?: number;
}

const DEFAULTS = { levels: 7, bucket: 512 };
/** More levels than a float32 tells apart. */
const MOST_LEVELS = 2 ** 24;

/** The codes of `gradient`, and the variance E |Q(g) - g|^2 of their rounding. */
export function quantizeQsgd(
  gradient: Float32Array,
  place: DrawPlace,
  options: QsgdOptions = {},
): QsgdGradient & { readonly variance: number } {
  const { levels, bucket } = { ...DEFAULTS, ...options };
  const draws = new Float32Array(gradient.length);
  fillUniform(draws, place.seed, place.stream, place.step);
  const norms = new Float32Array(Math.ceil(gradient.length / bucket));
  const codes = new Int32Array(gradient.length);
  let variance = 0;
  for (let b = 0; b < norms.length; b++) {
    const end = Math.min((b + 1) * bucket, gradient.length);
    const norm = normAbove(gradient.subarray(b * bucket, end));
    norms[b] = norm;
    if (norm === 0) continue;
    for (let i = b * bucket; i < end; i++) {
      const exact = (Math.abs(gradient[i]!) / norm) * levels;
      const level = Math.floor(exact + draws[i]!);
      codes[i] = gradient[i]! < 0 ? -level : level;
      const share = exact - Math.floor(exact);
      variance += share * (1 - share) * (norm / levels) ** 2;
    }
  }
  return { levels, bucket, norms, codes, variance };
}

/** What the codes stand for. */
export function dequantizeQsgd({ levels, bucket, norms, codes }: QsgdGradient, out: Float32Array): void {
  for (let i = 0; i < codes.length; i++) out[i] = norms[Math.floor(i / bucket)]! * (codes[i]! / levels);
}

/**
 * QSGD: an element becomes |g| sign(g_i) l / s with l one of the two levels beside s |g_i| / |g|, drawn so that the mean is g_i. Unbiased; within
 * a bucket of n elements E |Q(g) - g|^2 <= min(n / s^2, sqrt(n) / s) |g|^2. Draws have 24 bits: probabilities are right to 2^-24.
 *
 * Source: Alistarh et al., "QSGD: Communication-Efficient SGD via Gradient Quantization and Encoding", NeurIPS 2017 (arXiv:1610.02132),
 * section 3.1, lemma 3.1, and its buckets.
 */
export function qsgd(options: QsgdOptions = {}): GradientQuantizer {
  const { levels, bucket } = { ...DEFAULTS, ...options };
  requireInteger('bucket', bucket, 1);
  if (requireInteger('levels', levels, 1) > MOST_LEVELS) badOption('levels', `at most ${MOST_LEVELS}`, levels);
  return {
    name: 'qsgd',
    isUnbiased: true,
    quantize(gradient, place) {
      const quantized = quantizeQsgd(gradient, place, { levels, bucket });
      dequantizeQsgd(quantized, gradient);
      return { bits: qsgdBits(quantized), variance: quantized.variance };
    },
  };
}

/** The 2-norm, rounded up to a float32, so that no element exceeds it. */
function normAbove(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  const norm = requireFinite(Math.sqrt(sum));
  const rounded = new Float32Array([norm]);
  if (rounded[0]! < norm) new Uint32Array(rounded.buffer)[0]! += 1;
  return requireFinite(rounded[0]!);
}
