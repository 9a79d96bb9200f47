import { GradientSession } from '../gradients/gradient-session.js';
import { labelledSamples } from '../gradients/labelled-samples.js';
import type { PruneUnit, UnitMember } from '../groups/prune-group.js';
import type { GroupCriterion } from './group-criterion.js';
import { floatMembers, MemberWeights, visitSlice } from './member-weights.js';

/** Samples whose mean loss is differentiated at once. */
const BATCH = 32;

/** What masking sets to 0. */
const masked = (unit: PruneUnit) => floatMembers(unit).filter(({ role }) => role === 'output');

/**
 * (sum of g w)², averaged over batches: the square of how the loss changes, to first order, on the way of everything that masking sets to 0.
 * Squared behind the sum, since what a unit's weights do can cancel out. Columns that read a unit are left out: they lie behind the same
 * gate and would count it twice. Without labels they are drawn from what the model predicts.
 *
 * Source: Molchanov et al. 2019, arXiv:1906.10771, there for filters or gates; the sum over the group is ours.
 */
export const taylor: GroupCriterion = {
  name: 'taylor',
  needs: 'inputs',
  isGlobal: true,
  seesBodies: false,
  score: async ({ model, groups, data, samples, seed, threads, signal, warn, onProgress }) => {
    const run = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
    const { dataset, warnings } = await labelledSamples(model, data!, { limit: samples, seed, ...run });
    warnings.forEach(warn);
    const names = new Set(groups.flatMap(({ units }) => masked(units[0]!).map(({ value }) => value.name)));
    const session = await GradientSession.open(model, dataset, { parameters: [...names], batch: BATCH, ...run });
    try {
      session.warnings.forEach(warn);
      const weights = new MemberWeights();
      const sums = groups.map(({ units }) => new Float64Array(units.length));
      let batches = 0;
      for await (const { gradients } of session.batches()) {
        const product = (member: UnitMember) => {
          const [w, g] = [weights.of(member.value), gradients.get(member.value.name)];
          let sum = 0;
          if (g) visitSlice(member, (at) => (sum += w[at]! * g[at]!));
          return sum;
        };
        groups.forEach(({ units }, i) =>
          units.forEach((unit, u) => {
            sums[i]![u]! += masked(unit).reduce((sum, member) => sum + product(member), 0) ** 2;
          }),
        );
        batches++;
        onProgress({ stage: 'taylor', done: batches, total: Math.ceil(dataset.length / BATCH) });
      }
      return sums.map((scores, i) => {
        const isKnown = masked(groups[i]!.units[0]!).some(({ value }) => session.weights.has(value.name));
        return isKnown ? scores.map((sum) => sum / batches) : 'no gradient of its weights is known';
      });
    } finally {
      await session.dispose();
    }
  },
};
