import type { BinaryCoder } from '../coders/binary-coder.js';
import { logistic } from '../coders/logistic.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { floor, sqrt, round } = Math;

/** Widths that a stream can name, a quarter of a power of two apart; the first is 1/8 of a step. */
export const WIDTHS = Float64Array.from(
  { length: 64 },
  (_, i) => [1, 1.189207115002721, 1.4142135623730951, 1.681792830507429][i & 3]! * 2 ** ((i >> 2) - 3),
);

/**
 * Codes integers of `bits` bits around 0 as if drawn from a logistic distribution of one width, by bisection: what few dense values without neighbours
 * (biases) want, since nothing is learned.
 */
export function codeIntegersLogistic(coder: BinaryCoder, values: Int32Array, bits: number, width: number): void {
  const scale = 1 / WIDTHS[width]!;
  // Share of the distribution below `value`, of 65536, but never so flat that a part is empty.
  const below = (value: number) => logistic((value - 0.5) * scale) + value * 2 ** -32;
  const half = 2 ** (bits - 1);
  for (let i = 0; i < values.length; i++) {
    let low = -half;
    let high = half;
    let from = below(low);
    let to = below(high);
    const value = values[i]!;
    while (high - low > 1) {
      const middle = low + (high - low) / 2;
      const at = below(middle);
      const p = floor((65536 * (at - from)) / (to - from));
      if (coder.code(p < 16 ? 16 : p > 65520 ? 65520 : p, value < middle ? 1 : 0) === 1) {
        high = middle;
        to = at;
      } else {
        low = middle;
        from = at;
      }
    }
    values[i] = low;
  }
}

/** The number of the width that the values' spread asks for. */
export function logisticWidth(values: Int32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  // Standard deviation = width x pi / sqrt(3).
  const width = (sqrt(squares / Math.max(1, values.length)) * sqrt(3)) / Math.PI;
  return Math.min(WIDTHS.length - 1, Math.max(0, round(4 * (Math.log2(width || 0.125) + 3))));
}
