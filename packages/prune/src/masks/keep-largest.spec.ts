import * as fc from 'fast-check';
import { keepLargest } from './keep-largest.js';

test('the largest stay, of equal ones the first, for any numbers', () => {
  const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0));
  fc.assert(
    fc.property(fc.array(score, { maxLength: 60 }), fc.integer({ min: -1, max: 61 }), (scores, count) => {
      const rank = (value: number) => (Number.isNaN(value) ? -Infinity : value);
      const order = scores
        .map((_, i) => i)
        .sort((i, j) => {
          const [a, b] = [rank(scores[i]!), rank(scores[j]!)];
          return a === b ? i - j : b > a ? 1 : -1;
        });
      const kept = new Set(order.slice(0, Math.max(0, count)));
      expect([...keepLargest(scores, count)]).toEqual(scores.map((_, i) => (kept.has(i) ? 1 : 0)));
    }),
    { numRuns: 500 },
  );
});

test('a million scores, sorted or all alike, take no time worth the name', () => {
  const scores = Float32Array.from({ length: 1e6 }, (_, i) => i);
  expect(keepLargest(scores, 10).lastIndexOf(0)).toBe(1e6 - 11);
  expect(keepLargest(scores.fill(1), 10).indexOf(0)).toBe(10);
});
