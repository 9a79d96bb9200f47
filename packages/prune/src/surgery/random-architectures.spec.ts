import { checkRemoval, randomNumbers, someUnits } from '../testing/check-removal.js';
import { randomArchitecture } from '../testing/random-architecture.js';

const COUNT = 240;
const BATCH = 20;

/** What the 240 networks come to, so that a rule that silently freezes everything is seen. */
const totals = { removed: 0, kept: 0, pruned: 0, changed: 0 };

test.each(Array.from({ length: COUNT / BATCH }, (_, i) => i * BATCH))(
  `networks %i and the ${BATCH - 1} after it: removed is masked`,
  async (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      const { name, model, feeds } = randomArchitecture(seed);
      try {
        const units = someUnits(model, 0.2 + 0.05 * (seed % 10), randomNumbers(seed));
        const { removed, kept, change } = await checkRemoval(model, feeds, units);
        totals.removed += removed.length;
        totals.kept += kept.length;
        if (removed.length > 0) totals.pruned++;
        if (change > 1e-3) totals.changed++;
      } catch (error) {
        throw new Error(`network ${seed}, ${name}`, { cause: error });
      }
    }
  },
);

test('nearly all networks lose units and give something else, few of those asked for are kept', () => {
  expect(totals.pruned).toBeGreaterThan(0.9 * COUNT);
  expect(totals.changed).toBeGreaterThan(0.9 * COUNT);
  expect(totals.kept).toBeLessThan(0.2 * totals.removed);
});
