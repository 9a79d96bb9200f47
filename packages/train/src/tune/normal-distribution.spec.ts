import { normalCdf, normalLogDensity } from './normal-distribution.js';

describe('normal distribution', () => {
  // Abramowitz and Stegun, table 26.1 (15 places), and the tail at -6 and -10 (mpmath: ncdf).
  it.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [-2, 0.022750131948179],
    [2.5, 0.993790334674224],
    [3, 0.99865010196837],
    [-6, 9.86587645037698e-10],
    [-10, 7.61985302416052e-24],
  ])('has the share below %d', (z, expected) => {
    expect(Math.abs(normalCdf(z) / expected - 1)).toBeLessThan(5e-13 + 5e-16 / expected);
  });

  it('is continuous where the expansions meet', () => {
    const z = 2 * Math.SQRT2;
    // The slope there is 0.0073: 1e-13 between the two points, and a few 1e-16 of rounding.
    expect(Math.abs(normalCdf(z - 1e-11) - normalCdf(z + 1e-11))).toBeLessThan(3e-13);
  });

  it('has the slope that is its density', () => {
    for (const z of [-3, -0.5, 0, 1, 2.9]) {
      const slope = (normalCdf(z + 1e-5) - normalCdf(z - 1e-5)) / 2e-5;
      // The third derivative is below 1: (1e-5)^2 / 6, and roundings of 1e-16 over 2e-5.
      expect(Math.abs(slope - Math.exp(normalLogDensity(z)))).toBeLessThan(1e-10);
    }
  });
});
