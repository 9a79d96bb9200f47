import { keepLargest } from '../masks/keep-largest.js';
import type { Pattern } from './pattern.js';

/** `keep` of every `group` elements along a row stay; of what is left over at its end the same share, rounded up. */
export function nOfM(keep: number, group: number): Pattern {
  return {
    name: `${keep}:${group}`,
    nOf: { keep, group },
    fixed: 1 - keep / group,
    choose: (matrices) =>
      matrices.map(({ scores, rows, columns }) => {
        const mask = new Uint8Array(scores.length);
        for (let row = 0; row < rows; row++) {
          for (let first = 0; first < columns; first += group) {
            const [start, end] = [row * columns + first, row * columns + Math.min(first + group, columns)];
            const count = Math.ceil((keep * (end - start)) / group);
            keepLargest(scores.subarray(start, end), count, mask.subarray(start, end));
          }
        }
        return mask;
      }),
  };
}
