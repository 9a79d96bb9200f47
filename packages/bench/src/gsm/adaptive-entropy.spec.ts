import { seededRandom } from '../seeded-random.js';
import { adaptiveEntropy } from './adaptive-entropy.js';

describe('adaptiveEntropy', () => {
  it('is nothing for one value, and what the formula gives for two', () => {
    expect(adaptiveEntropy(new Int8Array(1000))).toBe(0);
    // (1/2)(1/4)(3/6)(3/8) of 0, 1, 1, 0.
    expect(adaptiveEntropy([0, 1, 1, 0])).toBeCloseTo(-Math.log2((1 / 2) * (0.5 / 2) * (1.5 / 3) * (1.5 / 4)) / 8, 12);
  });

  it('comes to the entropy of the source, plus half a logarithm for each parameter', () => {
    const random = seededRandom(3);
    const values = Int8Array.from({ length: 200_000 }, () => (random.next() < 0.1 ? 1 + random.integer(3) : 0));
    const counts = [0, 1, 2, 3].map((value) => values.filter((other) => other === value).length);
    const entropy = counts.reduce((sum, count) => sum - count * Math.log2(count / values.length), 0) / 8;
    const bytes = adaptiveEntropy(values);
    expect(bytes - entropy).toBeGreaterThan(0);
    expect(bytes - entropy).toBeLessThan((1.5 * Math.log2(values.length) + 4) / 8);
  });
});
