import { keepLargest } from '../masks/keep-largest.js';
import type { Pattern, ScoredMatrix } from './pattern.js';

/** Any element may go. */
export const unstructured: Pattern = {
  name: 'unstructured',
  choose: (matrices, count) => splitMask(matrices, keepLargest(joinScores(matrices), count)),
};

/** Scores of all matrices, one behind the other. */
export function joinScores(matrices: readonly Pick<ScoredMatrix, 'scores'>[]): Float64Array {
  const all = new Float64Array(matrices.reduce((sum, { scores }) => sum + scores.length, 0));
  let at = 0;
  for (const { scores } of matrices) {
    all.set(scores, at);
    at += scores.length;
  }
  return all;
}

/** The inverse, of a mask. */
export function splitMask(matrices: readonly Pick<ScoredMatrix, 'scores'>[], mask: Uint8Array): Uint8Array[] {
  let at = 0;
  return matrices.map(({ scores }) => mask.slice(at, (at += scores.length)));
}
