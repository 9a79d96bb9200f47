import { mcNemar } from './mcnemar.js';

test('exact p of discordant pairs', () => {
  expect(mcNemar(0, 0)).toBe(1);
  expect(mcNemar(5, 5)).toBe(1);
  // 2 * (1 + 10) / 2^10
  expect(mcNemar(1, 9)).toBeCloseTo(22 / 1024, 12);
  expect(mcNemar(9, 1)).toBe(mcNemar(1, 9));
  // scipy.stats.binomtest(20, 100).pvalue
  expect(mcNemar(20, 80)).toBeCloseTo(1.1159089057251951e-9, 15);
});
