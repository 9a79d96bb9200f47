import type { WeightMatrix } from '@gossamer/graph';
import { obs } from '../criteria/obs.js';
import type { Pattern, ScoredMatrix } from '../patterns/pattern.js';
import { concatMasks } from '../weights/choose-masks.js';
import type { Removal } from './update.js';

/** The same removal; of convolutions with N:M, whose groups lie within kernel positions and not along the columns as solvers go, a mask that is chosen ahead, by scores of `obs`. */
export async function byPositionOf(
  removal: Removal,
  { groups, rows, columns, taps, data }: WeightMatrix,
  second: readonly Float64Array[],
  pattern: Pattern,
): Promise<Removal> {
  if (removal.kind !== 'groups' || taps === 1) return removal;
  const size = rows * columns;
  const matrices: ScoredMatrix[] = [];
  for (let group = 0; group < groups; group++) {
    const own = data.subarray(group * size, (group + 1) * size);
    matrices.push({
      rows,
      columns,
      taps,
      scores: await obs.score({ data: own, rows, columns, second: second[group]! }),
    });
  }
  return { kind: 'given', kept: concatMasks(pattern.choose(matrices, 0)) };
}
