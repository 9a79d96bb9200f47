import { perplexityChange, perplexityOf } from './perplexity-change.js';

test('the change is that of the perplexities, and its interval holds it', () => {
  const before = Float64Array.from({ length: 40 }, (_, i) => 2 + Math.sin(i));
  const after = before.map((loss, i) => loss + 0.01 + 0.005 * Math.cos(3 * i));
  const { percent, low, high } = perplexityChange(before, after);
  expect(percent).toBeCloseTo(100 * (perplexityOf(after) / perplexityOf(before) - 1), 10);
  expect(low).toBeLessThan(percent);
  expect(high).toBeGreaterThan(percent);
  expect(high - low).toBeLessThan(0.5);
});

test('windows that all change alike leave no doubt', () => {
  const before = Float64Array.of(1, 2, 4);
  const { percent, low, high } = perplexityChange(
    before,
    before.map((loss) => loss + 0.5),
  );
  expect([low, high]).toEqual([percent, percent]);
});
