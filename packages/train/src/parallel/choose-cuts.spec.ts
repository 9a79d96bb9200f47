import { chooseCuts } from './choose-cuts.js';

const places = (...bytes: number[]) => bytes.map((count, i) => ({ position: i + 1, bytes: count }));

test('balances first, within a tenth, and then takes the fewest bytes', () => {
  expect(chooseCuts([10, 10, 10, 10], places(1, 9, 1), 2)).toEqual([2]);
  expect(chooseCuts([10, 10, 1, 10, 9], places(1, 9, 1, 1), 2)).toEqual([3]);
  expect(chooseCuts([10, 10, 1, 10, 9], places(1, 1, 9, 1), 2)).toEqual([2]);
  expect(chooseCuts([5, 1, 1, 1, 5], places(4, 4, 4, 4), 3)).toEqual([1, 4]);
});

test('knows no cut where nothing may cross, or layers are missing', () => {
  expect(chooseCuts([1, 1], places(Infinity), 2)).toBeUndefined();
  expect(chooseCuts([1, 1], places(1), 3)).toBeUndefined();
});
