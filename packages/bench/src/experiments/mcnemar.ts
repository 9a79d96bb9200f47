/**
 * Two-sided exact p of McNemar's test: how likely two classifiers of equal error disagree at least so unevenly, where the first alone is right
 * on `onlyFirst` samples and the second alone on `onlySecond`.
 *
 * Source: McNemar 1947; the exact form, a binomial test of the discordant pairs, in Dietterich 1998, section 3.1.
 */
export function mcNemar(onlyFirst: number, onlySecond: number): number {
  const pairs = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  let term = -pairs * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= fewer; k++) {
    tail += Math.exp(term);
    term += Math.log((pairs - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}
