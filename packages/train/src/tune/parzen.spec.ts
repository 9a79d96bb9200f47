import { ParzenEstimator } from './parzen.js';

const observations = [0.2, 0.25, 0.8, 0.21];
const estimate = new ParzenEstimator(observations, 0, 1);

describe('ParzenEstimator', () => {
  it('is a density over its range', () => {
    let integral = 0;
    // Midpoints: the error is f'' / (24 n^2), with windows of 0.2 and densities below 3 far below 1e-6.
    for (let i = 0; i < 10_000; i++) integral += Math.exp(estimate.logDensity((i + 0.5) / 10_000)) / 10_000;
    expect(Math.abs(integral - 1)).toBeLessThan(1e-6);
    expect(estimate.logMass(0, 1)).toBeCloseTo(0, 12);
    expect(estimate.logMass(0.1, 0.1001) - Math.log(1e-4)).toBeCloseTo(estimate.logDensity(0.10005), 6);
  });

  it('is denser where more was seen', () => {
    expect(estimate.logDensity(0.22)).toBeGreaterThan(estimate.logDensity(0.5));
  });

  it('draws what its density says', () => {
    const counts = new Float64Array(10);
    const side = 100;
    for (let i = 0; i < side; i++) {
      for (let j = 0; j < side; j++) {
        const x = estimate.sample((i + 0.5) / side, (j + 0.5) / side);
        counts[Math.min(9, Math.floor(10 * x))]! += 1 / side ** 2;
      }
    }
    // A grid of draws: each of the 5 windows is off by one row at most, and within a row by one draw at each edge of a bin.
    counts.forEach((share, bin) => {
      const expected = Math.exp(estimate.logMass(bin / 10, (bin + 1) / 10));
      expect(Math.abs(share - expected)).toBeLessThan((5 + 2) / side);
    });
    expect(estimate.sample(0, 0)).toBe(0);
    expect(estimate.sample(1 - 2 ** -24, 1 - 2 ** -24)).toBeLessThanOrEqual(1);
  });

  it('without observations is the prior, highest in the middle', () => {
    const prior = new ParzenEstimator([], 2, 4);
    expect(prior.sample(0.5, 0.5)).toBeCloseTo(3, 9);
    expect(prior.logDensity(3)).toBeGreaterThan(prior.logDensity(2));
  });

  it('lets old observations fade', () => {
    const before = Array.from({ length: 40 }, (_, i) => (i < 20 ? 0.1 : 0.9));
    const faded = new ParzenEstimator(before, 0, 1);
    expect(faded.logDensity(0.9)).toBeGreaterThan(faded.logDensity(0.1) + 0.3);
  });
});

test('the least of all draws lies within the range, however narrow the windows are', () => {
  const estimate = new ParzenEstimator(Array<number>(99).fill(1), 0, 1);
  const least = estimate.sample(0.99, 0);
  expect(least).toBeGreaterThanOrEqual(0);
  expect(least).toBeLessThan(1);
});
