import type { PairLayout } from './pair-layout.js';

const INT16_MIN = -(2 ** 15);
const INT16_MAX = 2 ** 15 - 1;

/** Which uint8 codes each input channel takes; one entry for all channels, or one each. */
export interface CodeBounds {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/** Two products that are added in int16: columns `column` and `column + 1` of a row. */
export interface Pair {
  readonly row: number;
  readonly column: number;
}

/**
 * The pairs of products uint8 x int8 whose sum can leave int16, where x64 CPUs without VNNI cut it off (`vpmaddubsw`): activations may take any codes
 * within `bounds`. Exact for the bounds given; codes beyond them are not looked at. O(rows x columns).
 *
 * Source: Intel 64 manual, volume 2, VPMADDUBSW: adjacent products are added with signed saturation.
 */
export function pairsAtRisk(layout: PairLayout, { low, high }: CodeBounds): Pair[] {
  const { rows, columns, code, channelOf } = layout;
  const at = (values: ArrayLike<number>, channel: number) => values[values.length === 1 ? 0 : channel]!;
  const pairs: Pair[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column + 1 < columns; column += 2) {
      let [least, most] = [0, 0];
      for (const k of [column, column + 1]) {
        const weight = code(row, k);
        const channel = channelOf(row, k);
        const ends = [weight * at(low, channel), weight * at(high, channel)] as const;
        least += Math.min(...ends);
        most += Math.max(...ends);
      }
      if (least < INT16_MIN || most > INT16_MAX) pairs.push({ row, column });
    }
  }
  return pairs;
}

/** What is cut off a sum of two products. */
export function excess(sum: number): number {
  if (sum > INT16_MAX) return sum - INT16_MAX;
  return sum < INT16_MIN ? sum - INT16_MIN : 0;
}
