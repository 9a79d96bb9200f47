import { spearman } from './spearman.js';

test('orders, reversed orders, ties, and what is all alike', () => {
  expect(spearman([1, 2, 3, 4], [10, 20, 30, 1000])).toBe(1);
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  // scipy.stats.spearmanr([1, 2, 2, 3], [1, 3, 2, 4]) is 0.9486832980505138.
  expect(spearman([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(0.9486832980505138, 12);
  expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
});
