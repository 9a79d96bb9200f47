import type { BitOption } from './allocate-bits.js';
import { allocateWithin } from './within-budgets.js';

/** Five layers of four options: dearer in one cost or the other, and of less loss. */
const layers: BitOption[][] = Array.from({ length: 5 }, (_, layer) =>
  Array.from({ length: 4 }, (__, option) => ({
    cost: (option + 1) * (1 + (layer % 3)),
    omega: (layer + 1) / (option + 1) ** 2,
  })),
);
const costs = layers.map((options, layer) => options.map((_, option) => ((option * (layer + 2)) % 5) + option));

function everyChoice(): number[][] {
  return Array.from({ length: 4 ** 5 }, (_, code) => layers.map((__, layer) => Math.floor(code / 4 ** layer) % 4));
}
const sum = (choice: readonly number[], of: (layer: number, option: number) => number) =>
  choice.reduce((total, option, layer) => total + of(layer, option), 0);
const costOf = (choice: readonly number[]) => sum(choice, (layer, option) => layers[layer]![option]!.cost);
const secondOf = (choice: readonly number[]) => sum(choice, (layer, option) => costs[layer]![option]!);
const omegaOf = (choice: readonly number[]) => sum(choice, (layer, option) => layers[layer]![option]!.omega);

test.each([
  [20, 12],
  [30, 8],
  [14, 30],
  [40, 40],
])('budgets of %i and %i hold; no choice that another one beats in loss and both costs', (budget, second) => {
  const found = allocateWithin(layers, budget, { costs, budget: second });
  expect(costOf(found.choice)).toBeLessThanOrEqual(budget);
  expect(secondOf(found.choice)).toBeLessThanOrEqual(second);
  expect(found.omega).toBeCloseTo(omegaOf(found.choice), 12);
  const better = everyChoice().filter(
    (choice) =>
      omegaOf(choice) < found.omega - 1e-12 && costOf(choice) <= budget && secondOf(choice) <= secondOf(found.choice),
  );
  expect(better).toEqual([]);
});

test('a second budget that leaves room changes nothing', () => {
  const alone = allocateWithin(layers, 20, undefined);
  expect(allocateWithin(layers, 20, { costs, budget: 1000 })).toEqual(alone);
});

test('two budgets that cannot be kept together are refused', () => {
  expect(() => allocateWithin(layers, 20, { costs, budget: -1 })).toThrow(
    expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error,
  );
});
