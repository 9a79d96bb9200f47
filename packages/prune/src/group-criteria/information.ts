import { entropyOf } from './entropy.js';
import type { GroupCriterion } from './group-criterion.js';
import { binsOver, meanActivations, meanOverTaps } from './mean-activations.js';

/** Few, or every sample had a bin of its own and knew its label. */
const BINS = 10;

/**
 * Mutual information, in bits, of a unit's mean activation (10 bins on the range of its layer) with the class: H(bin) + H(class) - H(both). Units
 * are looked at one by one: two that say the same both count.
 */
export const information: GroupCriterion = {
  name: 'information',
  needs: 'labels',
  isGlobal: false,
  seesBodies: false,
  score: async (context) => {
    const { groups, labels } = await meanActivations(context);
    if (labels.some((label) => !Number.isInteger(label))) return groups.map(() => 'the data have no class a sample');
    const classes = Int32Array.from(labels);
    const own = entropyOf(classes);
    const score = (bins: Int32Array) =>
      entropyOf(bins) + own - entropyOf(bins.map((bin, sample) => bin + BINS * classes[sample]!));
    return groups.map((taps) => meanOverTaps(taps, (units) => Float64Array.from(binsOver(units, BINS), score)));
  },
};
