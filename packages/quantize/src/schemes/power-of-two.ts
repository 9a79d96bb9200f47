import { levelTable } from './level-table.js';
import type { Scheme } from './scheme.js';

/**
 * Powers of two: 0 and +-2^-i, i from 0 to 2^(bits - 1) - 2, times a scale. A weight goes to the nearest level, so that boundaries lie half way between levels and not between
 * exponents. More bits only add ever smaller levels.
 *
 * Source: Zhou et al., "Incremental Network Quantization", ICLR 2017, section 3.1.
 */
export function powerOfTwo(bits: number): Scheme {
  const magnitudes = Array.from({ length: 2 ** (bits - 1) - 1 }, (_, i) => 2 ** -i);
  return levelTable(`pot${bits}`, bits, withSigns(magnitudes));
}

/** What is added up for magnitudes of one bit less: as many sets as terms. */
const TERMS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  3: [[0, 1 / 2, 1 / 4, 1 / 8]],
  4: [
    [0, 1 / 2, 1 / 4, 1 / 16],
    [0, 1 / 8],
  ],
  5: [
    [0, 1 / 2, 1 / 8, 1 / 32],
    [0, 1 / 4, 1 / 16, 1 / 64],
  ],
};

/**
 * Additive powers of two, 3 to 5 bits with the sign: sums of terms from sets of powers of two, over the largest sum, times a scale. Levels lie denser near 0 than integers, and not as
 * dense as powers of two.
 *
 * Source: Li et al., "Additive Powers-of-Two Quantization", ICLR 2020, equation 5; the sets of 4 bits as in the authors' code.
 */
export function additivePowerOfTwo(bits: 3 | 4 | 5): Scheme {
  const sums = TERMS[bits]!.reduce((found, set) => found.flatMap((sum) => set.map((term) => sum + term)), [0]);
  const largest = Math.max(...sums);
  return levelTable(`apot${bits}`, bits, withSigns(sums.filter((sum) => sum > 0).map((sum) => sum / largest)));
}

const withSigns = (magnitudes: readonly number[]): Float32Array =>
  Float32Array.of(...magnitudes.map((x) => -x), 0, ...magnitudes).sort();
