import type { GradientQuantizer } from '../gradient-quantizer.js';

/** Numbers like those of a gradient: of both signs, most of them small. */
export function sampleGradient(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898) * 43758.5453;
    return (2 * (x - Math.floor(x)) - 1) ** 3;
  });
}

/**
 * Holds the mean of `DRAWS` quantizations to `gradient`, and their mean squared error to the variance that is reported. Element i lies between
 * levels `width(i)` apart.
 *
 * By Hoeffding's inequality a mean of N draws from an interval of width d is more than d sqrt(ln(2 / p) / (2 N)) off with a probability below p;
 * with p = 1e-9 for each element, 1e-7 for a hundred. The squared error of a draw lies in [0, sum of d^2]. Results are rounded to float32, which adds
 * 2^-24 of the largest; probabilities are right to 2^-24, which adds 2^-24 d.
 */
export function checkUnbiased(
  quantizer: GradientQuantizer,
  gradient: Float32Array,
  width: (i: number) => number,
): void {
  const means = new Float64Array(gradient.length);
  const widths = Float64Array.from(gradient, (_, i) => width(i));
  const square = widths.reduce((sum, d) => sum + d * d, 0);
  let error = 0;
  let variance = 0;
  for (let step = 0; step < DRAWS; step++) {
    const quantized = gradient.slice();
    variance = quantizer.quantize(quantized, { seed: 7, stream: 11, step }).variance;
    quantized.forEach((q, i) => {
      means[i]! += q / DRAWS;
      error += (q - gradient[i]!) ** 2 / DRAWS;
    });
  }
  const share = Math.sqrt(Math.log(2 / 1e-9) / (2 * DRAWS));
  means.forEach((mean, i) => {
    const bound = widths[i]! * (share + 2 ** -24) + 2 ** -23 * Math.abs(gradient[i]!) + 2 ** -23 * widths[i]!;
    expect(Math.abs(mean - gradient[i]!)).toBeLessThanOrEqual(bound);
  });
  expect(Math.abs(error - variance)).toBeLessThanOrEqual(square * (share + 2 ** -20));
  expect(variance).toBeLessThanOrEqual(square / 4);
}

const DRAWS = 1000;
