import type { Pattern } from './pattern.js';
import { nOfM } from './n-of-m.js';
import { joinScores, splitMask } from './unstructured.js';
import { keepLargest } from '../masks/keep-largest.js';

/** Any element may go, but of every `group` elements along a row no more than `most` stay: what the sparse int8 kernels look up in one round. */
export function atMost(most: number, group: number): Pattern {
  const cap = nOfM(most, group);
  return {
    name: `max${most}:${group}`,
    choose(matrices, count) {
      const capped = cap.choose(matrices, 0);
      // Below every score: what the cap takes away goes first.
      const open = matrices.map(({ scores }, i) => ({
        scores: scores.map((score, at) => (capped[i]![at] === 1 ? score : -Infinity)),
      }));
      const kept = splitMask(open, keepLargest(joinScores(open), count));
      // More may be asked for than the cap leaves.
      return kept.map((mask, i) => mask.map((keep, at) => keep & capped[i]![at]!));
    },
  };
}
