import { philox4x32 } from '../data/philox.js';

/**
 * `count` of `total` positions, ascending, none twice: one of each of `count` stretches as even as can be. Depends on the seed and the sample only.
 */
export function choosePositions(total: number, count: number, seed: number, sample: number): Int32Array {
  if (count >= total) return Int32Array.from({ length: total }, (_, i) => i);
  const words = new Uint32Array(4);
  return Int32Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * total) / count);
    const end = Math.floor(((i + 1) * total) / count);
    philox4x32(words, i, sample, 0, 0, seed, 0);
    return first + Math.floor((words[0]! / 2 ** 32) * (end - first));
  });
}
