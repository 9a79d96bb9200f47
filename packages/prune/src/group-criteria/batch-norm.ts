import type { PruneUnit } from '../groups/prune-group.js';
import type { GroupCriterion } from './group-criterion.js';
import { MemberWeights, visitSlice } from './member-weights.js';

/** Scales of the batch normalizations that a unit goes through. */
const scalesOf = ({ members }: PruneUnit) =>
  members.filter(({ value }) =>
    value.uses.some(({ node, index }) => node.isStandard('BatchNormalization') && index === 1),
  );

/**
 * Mean of |gamma| over the batch normalizations of a unit. It says something where training held it down (network slimming): elsewhere a large
 * weight behind it makes up for a small scale. Source: Liu et al. 2017, arXiv:1708.06519.
 */
export const batchNorm: GroupCriterion = {
  name: 'batch-norm',
  needs: 'nothing',
  isGlobal: true,
  seesBodies: true,
  score: ({ groups }) => {
    const weights = new MemberWeights();
    const score = (unit: PruneUnit) => {
      let [sum, count] = [0, 0];
      for (const member of scalesOf(unit)) {
        const data = weights.of(member.value);
        visitSlice(member, (at) => {
          sum += Math.abs(data[at]!);
          count++;
        });
      }
      return sum / count;
    };
    return Promise.resolve(
      groups.map(({ units }) =>
        scalesOf(units[0]!).length > 0 ? Float64Array.from(units, score) : 'no batch normalization is behind it',
      ),
    );
  },
};
