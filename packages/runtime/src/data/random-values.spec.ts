import { RandomStream } from './random-values.js';

const COUNT = 1 << 18;
const draw = (seed: number, name: string, sample: number) =>
  new RandomStream(seed, name).words(sample, new Uint32Array(COUNT));

/** Pearson's statistic against equal frequencies. */
function chiSquared(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** What chi-squared with `degrees` exceeds once in a million (Wilson and Hilferty's approximation; normal quantile 4.75). */
function limit(degrees: number): number {
  const v = 2 / (9 * degrees);
  return degrees * (1 - v + 4.75 * Math.sqrt(v)) ** 3;
}

test.each([0, 8, 16, 24])('bits %i and up are uniform, also in pairs of neighbours', (shift) => {
  const words = draw(1, 'x', 0);
  const single = new Array<number>(256).fill(0);
  const pairs = new Array<number>(256).fill(0);
  words.forEach((word, i) => {
    single[(word >>> shift) & 255]!++;
    if (i > 0) pairs[(((words[i - 1]! >>> shift) & 15) << 4) | ((word >>> shift) & 15)]!++;
  });
  expect(chiSquared(single, COUNT / 256)).toBeLessThan(limit(255));
  expect(chiSquared(pairs, (COUNT - 1) / 256)).toBeLessThan(limit(255));
});

test.each([
  ['samples', draw(1, 'x', 0), draw(1, 'x', 1)],
  ['names', draw(1, 'x', 0), draw(1, 'y', 0)],
  ['seeds', draw(1, 'x', 0), draw(2, 'x', 0)],
])('different %s are independent', (_, a, b) => {
  const both = new Array<number>(256).fill(0);
  a.forEach((word, i) => both[((word >>> 28) << 4) | (b[i]! >>> 28)]!++);
  expect(chiSquared(both, COUNT / 256)).toBeLessThan(limit(255));
});

test('a value depends on its position only', () => {
  const stream = new RandomStream(3, 'x');
  const long = new Float32Array(101);
  const short = new Float32Array(50);
  stream.normal(5, long);
  stream.normal(4, short);
  stream.normal(5, short);
  expect([...short]).toEqual([...long.slice(0, 50)]);
  const integers: number[] = [];
  stream.integers(5, 10, 3, (value) => integers.push(value));
  expect(integers.every((value) => Number.isInteger(value) && value >= 0 && value < 10)).toBe(true);
});

test('normal values have the moments of the standard normal distribution', () => {
  const values = new Float32Array(COUNT);
  new RandomStream(0, 'x').normal(0, values);
  const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / COUNT;
  // Five standard errors of each: the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
  [0, 1, 0, 3].forEach((expected, i) => {
    expect(Math.abs(moment(i + 1) - expected)).toBeLessThan(5 * Math.sqrt([1, 2, 15, 96][i]! / COUNT));
  });
});
