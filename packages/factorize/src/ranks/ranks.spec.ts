import fc from 'fast-check';
import { smallestAccepted } from './smallest-accepted.js';
import { type Choice, withinBudget } from './within-budget.js';

/** Every combination there is: the least that four layers can lose within a budget. */
function bruteForce(layers: readonly (readonly Choice[])[], budget: number): number | undefined {
  let best: number | undefined;
  const visit = (layer: number, cost: number, lost: number): void => {
    if (layer < layers.length) {
      for (const choice of layers[layer]!) visit(layer + 1, cost + choice.cost, lost + choice.lost);
    } else if (cost <= budget && (best === undefined || lost < best)) best = lost;
  };
  visit(0, 0, 0);
  return best;
}

const sumOf = (layers: readonly (readonly Choice[])[], chosen: readonly number[], key: keyof Choice) =>
  layers.reduce((sum, choices, i) => sum + choices[chosen[i]!]![key], 0);

/** A layer of `values` singular values, of which each costs `price`: the whole costs all of them. */
const layerOf = (values: readonly number[], price: number): Choice[] => {
  const order = values.toSorted((a, b) => b - a);
  const total = order.reduce((sum, x) => sum + x * x, 0) || 1;
  return Array.from({ length: order.length + 1 }, (_, removed) => ({
    cost: (order.length - removed) * price,
    lost: order.slice(order.length - removed).reduce((sum, x) => sum + x * x, 0) / total,
  }));
};

const values = fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 5 });

test('four layers of one price: as good as the best of all combinations', () => {
  fc.assert(
    fc.property(
      fc.array(values, { minLength: 4, maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (nets, share) => {
        const layers = nets.map((net) => layerOf(net, 16));
        const budget = share * layers.reduce((sum, [whole]) => sum + whole!.cost, 0);
        const chosen = withinBudget(layers, budget)!;
        expect(sumOf(layers, chosen, 'cost')).toBeLessThanOrEqual(budget);
        expect(sumOf(layers, chosen, 'lost')).toBeCloseTo(bruteForce(layers, budget)!, 10);
      },
    ),
    { numRuns: 200, seed: 2 },
  );
});

test('four layers of any choices: within the budget, and at most one step worse than the best', () => {
  const choice = fc.record({ cost: fc.integer({ min: 1, max: 50 }), lost: fc.double({ min: 0, max: 1, noNaN: true }) });
  const layer = fc.array(choice, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(layer, { minLength: 4, maxLength: 4 }), fc.integer({ min: 4, max: 200 }), (layers, budget) => {
      const chosen = withinBudget(layers, budget);
      const best = bruteForce(layers, budget);
      expect(chosen === undefined).toBe(best === undefined);
      if (!chosen) return;
      expect(sumOf(layers, chosen, 'cost')).toBeLessThanOrEqual(budget);
      // The hull is the bound of the linear problem; a single step overshoots by at most what it loses.
      const step = Math.max(
        ...layers.map((l) => Math.max(...l.map(({ lost }) => lost)) - Math.min(...l.map(({ lost }) => lost))),
      );
      expect(sumOf(layers, chosen, 'lost')).toBeLessThanOrEqual(best! + step + 1e-12);
    }),
    { numRuns: 500, seed: 3 },
  );
});

test('impossible choices are never taken', () => {
  const layers = [
    [
      { cost: 10, lost: 0 },
      { cost: 5, lost: Infinity },
      { cost: 8, lost: 0.1 },
    ],
  ];
  expect(withinBudget(layers, 9)).toEqual([2]);
  expect(withinBudget(layers, 5)).toBeUndefined();
  expect(withinBudget([], 0)).toEqual([]);
});

test('the smallest that is accepted, in few questions', async () => {
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  for (let first = 0; first <= 41; first++) {
    let asked = 0;
    const found = await smallestAccepted(numbers, (x) => {
      asked++;
      return x >= first;
    });
    expect(found).toBe(first < 40 ? first : undefined);
    expect(asked).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(40)));
  }
  expect(await smallestAccepted([], () => true)).toBeUndefined();
});
