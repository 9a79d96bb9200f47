import type { PruneUnit } from '../groups/prune-group.js';
import type { GroupCriterion } from './group-criterion.js';
import { floatMembers, MemberWeights, visitSlice } from './member-weights.js';

/** What makes a unit of a layer with weights: rows of matrices and filters, no biases. */
const rowsOf = (unit: PruneUnit) =>
  floatMembers(unit).filter(({ value, role }) => role === 'output' && value.constant!.dims.length > 1);

/**
 * Sum of the distances to the other units of the group: what is nearest to all others can be made up for by them. O(units² weights).
 * Source: He et al. 2019, arXiv:1811.00250 (FPGM).
 */
export const geometricMedian: GroupCriterion = {
  name: 'geometric-median',
  needs: 'nothing',
  isGlobal: false,
  seesBodies: true,
  score: async ({ groups, signal, onProgress }) => {
    const weights = new MemberWeights();
    const scores = [];
    for (const [done, { units }] of groups.entries()) {
      signal?.throwIfAborted();
      if (rowsOf(units[0]!).length === 0) scores.push('its weights are no floats');
      else
        scores.push(
          await distances(
            units.map((unit) => vectorOf(unit, weights)),
            signal,
          ),
        );
      onProgress({ stage: 'geometric-median', done: done + 1, total: groups.length });
    }
    return scores;
  },
};

function vectorOf(unit: PruneUnit, weights: MemberWeights): Float64Array {
  const vector: number[] = [];
  for (const member of rowsOf(unit)) {
    const data = weights.of(member.value);
    visitSlice(member, (at) => vector.push(data[at]!));
  }
  return Float64Array.from(vector);
}

async function distances(vectors: readonly Float64Array[], signal: AbortSignal | undefined): Promise<Float64Array> {
  const sums = new Float64Array(vectors.length);
  for (let i = 0; i < vectors.length; i++) {
    const a = vectors[i]!;
    for (let j = i + 1; j < vectors.length; j++) {
      const b = vectors[j]!;
      let square = 0;
      for (let k = 0; k < a.length; k++) square += (a[k]! - b[k]!) ** 2;
      const distance = Math.sqrt(square);
      sums[i]! += distance;
      sums[j]! += distance;
    }
    // Let timers and signals through in between.
    if (i % 64 === 63) await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return sums;
}
