import type { PruneUnit } from '../groups/prune-group.js';
import type { GroupCriterion } from './group-criterion.js';
import { floatMembers, MemberWeights, visitSlice } from './member-weights.js';

/** Weights of the slices that make a unit or read it, without the statistics and constants beside them. */
const weightsIn = (unit: PruneUnit) =>
  floatMembers(unit).filter(({ value, role }) => role === 'output' || value.constant!.dims.length > 1);

const norm = (name: string, add: (w: number) => number, finish: (sum: number) => number): GroupCriterion => ({
  name,
  needs: 'nothing',
  isGlobal: false,
  seesBodies: true,
  score: ({ groups }) => {
    const weights = new MemberWeights();
    const score = (unit: PruneUnit) => {
      let sum = 0;
      for (const member of weightsIn(unit)) {
        const data = weights.of(member.value);
        visitSlice(member, (at) => (sum += add(data[at]!)));
      }
      return finish(sum);
    };
    return Promise.resolve(
      groups.map(({ units }) =>
        weightsIn(units[0]!).length > 0 ? Float64Array.from(units, score) : 'its weights are no floats',
      ),
    );
  },
});

/**
 * Sum of |w| over everything a unit couples: the rows that make it, biases, scales, and the columns that read it. Source: Li et al. 2017,
 * arXiv:1608.08710, there of one layer's filters; the sum over the group is that of Fang et al. 2023, arXiv:2301.12900.
 */
export const magnitudeL1 = norm('magnitude-l1', Math.abs, (sum) => sum);

/** Root of the sum of w² over everything a unit couples. */
export const magnitudeL2 = norm('magnitude-l2', (w) => w * w, Math.sqrt);
