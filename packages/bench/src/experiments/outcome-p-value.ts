import type { Outcome } from './experiment-store.js';
import { mcNemar } from './mcnemar.js';

/** McNemar's exact p of two classifiers on the same samples, which `right` tells of. */
export function outcomePValue(first: Outcome, second: Outcome): number {
  const [a, b] = [first, second].map(({ right }) => Buffer.from(right!, 'base64'));
  let [onlyFirst, onlySecond] = [0, 0];
  a!.forEach((ok, i) => {
    if (ok > b![i]!) onlyFirst++;
    if (ok < b![i]!) onlySecond++;
  });
  return mcNemar(onlyFirst, onlySecond);
}
