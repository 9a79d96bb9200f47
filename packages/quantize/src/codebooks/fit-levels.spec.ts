import { fitLevels } from './fit-levels.js';
import { lloyd } from './lloyd.js';
import { optimalLevels } from './optimal-levels.js';

const ones = (length: number) => new Float64Array(length).fill(1);

function cost(values: Float64Array, weights: Float64Array, levels: ArrayLike<number>): number {
  return values.reduce((sum, value, i) => {
    const distances = Array.from(levels, (level) => (value - level) ** 2);
    return sum + weights[i]! * Math.min(...distances);
  }, 0);
}

/** Every way to cut sorted values into `count` runs. */
function bruteForce(values: Float64Array, weights: Float64Array, count: number): number {
  const best = (start: number, clusters: number): number => {
    if (clusters === 1) return spread(start, values.length);
    let least = Infinity;
    for (let end = start + 1; end <= values.length - clusters + 1; end++) {
      least = Math.min(least, spread(start, end) + best(end, clusters - 1));
    }
    return least;
  };
  const spread = (start: number, end: number) => {
    const [part, mass] = [values.subarray(start, end), weights.subarray(start, end)];
    const total = mass.reduce((a, b) => a + b, 0);
    const mean = part.reduce((sum, value, i) => sum + value * mass[i]!, 0) / total;
    return part.reduce((sum, value, i) => sum + mass[i]! * (value - mean) ** 2, 0);
  };
  return best(0, count);
}

const values = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i * i) * (i % 3) + 0.01 * i).sort();
const weights = values.map((_, i) => 1 + (i % 4));

describe('levels of a codebook', () => {
  it.each([1, 2, 3, 4, 5, 12])('%i levels cost what the best cut costs', (count) => {
    for (const mass of [ones(12), weights]) {
      const found = cost(values, mass, optimalLevels(values, mass, count));
      expect(found).toBeCloseTo(bruteForce(values, mass, count), 10);
    }
  });

  it('values that are fewer than levels are kept', () => {
    expect([...optimalLevels(Float64Array.of(-1, 2), ones(2), 4)]).toEqual([-1, 2, 2, 2]);
  });

  it('values of no weight give no NaN', () => {
    const masses = Float64Array.of(0, 0, 0, 1, 1, 1);
    expect([...optimalLevels(Float64Array.of(1, 2, 3, 4, 5, 6), masses, 4)]).toEqual([1, 4, 5, 6]);
  });

  it('Lloyd never ends below the optimum, and never above where it began', () => {
    const many = Float64Array.from({ length: 300 }, (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 3.1)).sort();
    const best = cost(many, ones(300), optimalLevels(many, ones(300), 8));
    const start = Float64Array.from({ length: 8 }, (_, i) => -1 + (2 * i) / 7);
    const found = cost(many, ones(300), lloyd(many, ones(300), start));
    expect(found).toBeGreaterThanOrEqual(best * (1 - 1e-12));
    expect(found).toBeLessThanOrEqual(cost(many, ones(300), start));
  });

  it.each([
    ['even', 4, (x: number) => x],
    ['even', 32, (x: number) => x],
    ['with long tails', 32, (x: number) => x ** 9],
  ] as const)('thousands of values, %s: %i levels come within a thousandth of the optimum', (_, count, spread) => {
    const many = Float32Array.from({ length: 6000 }, (__, i) =>
      spread(Math.sin((i + 1) * 12.9898) * Math.cos(i * 78.233)),
    );
    const sorted = Float64Array.from(new Set(many)).sort();
    expect(sorted.length).toBeGreaterThan(4096);
    const found = cost(sorted, ones(sorted.length), fitLevels(many, undefined, count));
    const exact = cost(sorted, ones(sorted.length), optimalLevels(sorted, ones(sorted.length), count));
    expect(found).toBeLessThan(1.001 * exact);
  });

  it('zeros stay a level of their own', () => {
    const pruned = Float32Array.from({ length: 40 }, (_, i) => (i % 2 ? 0 : 1 + Math.sin(i)));
    expect([...fitLevels(pruned, undefined, 4)]).toContain(0);
  });
});
