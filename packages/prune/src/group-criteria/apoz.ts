import type { GroupCriterion } from './group-criterion.js';
import { visitActivations } from './unit-activations.js';

/** 1 - the average share of zeros among a unit's activations. Says something behind a ReLU only. Source: Hu et al. 2016, arXiv:1607.03250 (APoZ). */
export const apoz: GroupCriterion = {
  name: 'apoz',
  needs: 'inputs',
  isGlobal: false,
  seesBodies: false,
  score: async (context) => {
    const counts = context.groups.map(({ units }) => units.map(() => ({ zeros: 0, all: 0 })));
    await visitActivations(context, ({ group, unit, values }) => {
      const own = counts[group]![unit]!;
      for (const value of values) if (value === 0) own.zeros++;
      own.all += values.length;
    });
    return counts.map((units) =>
      units.some(({ zeros }) => zeros > 0)
        ? Float64Array.from(units, ({ zeros, all }) => 1 - zeros / all)
        : 'no activation of it is ever 0',
    );
  },
};
