import { nearestLevel } from './nearest-level.js';

const levels = Float32Array.of(-3, -1, 0, 0.5, 4, 10, 11, 12);

test.each([-9, -3, -2, -1.9, -0.5, 0.25, 0.26, 2.25, 3, 99])('of %d as a search of all levels has it', (value) => {
  const distances = [...levels.subarray(0, 5)].map((level) => Math.abs(level - value));
  // indexOf: the first, so the lower one, of two equally near.
  expect(nearestLevel(levels, value, 0, 5)).toBe(distances.indexOf(Math.min(...distances)));
});

test('a table within others, and one level alone', () => {
  expect(nearestLevel(levels, 11.4, 5, 3)).toBe(1);
  expect(nearestLevel(levels, 11.4)).toBe(6);
  expect(nearestLevel(Float32Array.of(7), -1)).toBe(0);
});
