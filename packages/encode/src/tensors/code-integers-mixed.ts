import type { BinaryCoder } from '../coders/binary-coder.js';
import { BitModels } from '../coders/bit-models.js';
import { codeExpGolomb, EXP_GOLOMB_CONTEXTS } from '../coders/exp-golomb.js';
import type { MatrixLayout } from './matrix-layout.js';
import { MixedBit } from './mixed-bit.js';

/** Bound once: looking Math up costs in the innermost loops of a vm context. */
const { abs, min, floor, clz32, sign } = Math;

/** Neighbours further than this behind in the row count as density. */
const WINDOW = 12;
/** Magnitudes that are asked for one by one: of alphabets up to FEW_LEVELS, and of larger ones. */
const FEW_LEVELS = 16;
const LEVELS = 6;
const LEVELS_OF_MANY = 2;
/** Classes of the size of the neighbours, for what is left above those. */
const SIZES = 10;

/**
 * Codes integers of magnitudes up to `max` around 0 in a matrix: is it 0 (by neighbours and densities), sign, > 1, > 2 and so on, and the rest in
 * exp-Golomb.
 *
 * A decoder fills `values`. About 0.5 us an element; 16 bytes of counts a row and a column for each kind of decision.
 */
export function codeIntegersMixed(coder: BinaryCoder, values: Int32Array, layout: MatrixLayout, max: number): void {
  const { rows, columns, rowStride, columnStride, period } = layout;
  const significant = new MixedBit(rows, columns, [108, 4 * (WINDOW + 1), 4 * 64]);
  const negative = new MixedBit(rows, columns, [9]);
  const levels = max > FEW_LEVELS ? LEVELS_OF_MANY : LEVELS;
  const above = Array.from({ length: Math.min(levels, Math.max(0, max - 1)) }, () => new MixedBit(rows, columns, [16]));
  const rest = new BitModels(SIZES * EXP_GOLOMB_CONTEXTS);
  const contexts = new Int32Array(3);
  const groups = new Int32Array(Math.ceil(columns / period));
  for (let r = 0; r < rows; r++) {
    let window = 0;
    groups.fill(0);
    for (let c = 0; c < columns; c++) {
      const at = r * rowStride + c * columnStride;
      const left = c > 0 ? values[at - columnStride]! : 0;
      const left2 = c > 1 ? values[at - 2 * columnStride]! : 0;
      const up = r > 0 ? values[at - rowStride]! : 0;
      const up2 = r > 1 ? values[at - 2 * rowStride]! : 0;
      const upRight = r > 0 && c + 1 < columns ? values[at - rowStride + columnStride]! : 0;
      const upLeft = r > 0 && c > 0 ? values[at - rowStride - columnStride]! : 0;
      const group = floor(c / period);
      const inGroup = c - group * period;
      contexts[0] = level(left) + 3 * (level(up) + 3 * (flag(left2) + 2 * (flag(upRight) + 2 * flag(upLeft))));
      contexts[1] = min(WINDOW, bits(window)) * 4 + flag(up) + 2 * flag(up2);
      contexts[2] = 64 * min(3, groups[group]!) + min(63, inGroup);
      const isSet = significant.code(coder, r, c, contexts, values[at] === 0 ? 0 : 1);
      window = ((window << 1) | isSet) & ((1 << WINDOW) - 1);
      if (isSet === 0) {
        values[at] = 0;
        continue;
      }
      groups[group]!++;
      const value = values[at]!;
      contexts[0] = 3 * (1 + sign(left)) + 1 + sign(up);
      const isNegative = negative.code(coder, r, c, contexts, value < 0 ? 1 : 0);
      const size = abs(value);
      contexts[0] = 4 * min(3, abs(left)) + min(3, abs(up));
      let coded = 1;
      while (coded <= above.length && above[coded - 1]!.code(coder, r, c, contexts, size > coded ? 1 : 0) === 1)
        coded++;
      if (coded > levels && coded < max) {
        const near = 2 * abs(left) + 2 * abs(up) + abs(left2) + abs(up2);
        const context = min(SIZES - 1, 32 - clz32(near));
        coded += codeExpGolomb(coder, rest, context * EXP_GOLOMB_CONTEXTS, size - coded);
      }
      values[at] = isNegative === 1 ? -coded : coded;
    }
  }
}

const flag = (value: number): number => (value === 0 ? 0 : 1);
const level = (value: number): number => (value === 0 ? 0 : value === 1 || value === -1 ? 1 : 2);

function bits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
