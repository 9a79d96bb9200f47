import type { GroupCriterion } from './group-criterion.js';
import { binsOver, meanActivations, meanOverTaps } from './mean-activations.js';

const BINS = 100;

/**
 * Entropy, in bits, of a unit's mean activation over the samples: 100 bins on the range of its layer. The lowest goes: what is the same for every
 * sample says nothing. (Tutorials that remove the largest have it the wrong way round.) Source: Luo & Wu 2017, arXiv:1706.05791.
 */
export const entropy: GroupCriterion = {
  name: 'entropy',
  needs: 'inputs',
  isGlobal: false,
  seesBodies: false,
  score: async (context) => {
    const { groups } = await meanActivations(context);
    return groups.map((taps) =>
      meanOverTaps(taps, (units) => Float64Array.from(binsOver(units, BINS), (bins) => entropyOf(bins))),
    );
  },
};

/** Of how often each integer occurs, in bits. */
export function entropyOf(symbols: Int32Array): number {
  const counts = new Map<number, number>();
  for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / symbols.length) * Math.log2(count / symbols.length);
  return bits;
}
