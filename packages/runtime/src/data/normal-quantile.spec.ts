import { normalQuantile } from './normal-quantile.js';

// Published quantiles of the standard normal distribution.
test.each([
  [0.5, 0],
  [0.841344746068543, 1],
  [0.975, 1.959963984540054],
  [0.99, 2.326347874040841],
  [0.999, 3.090232306167813],
  [0.000001, -4.753424308822899],
])('of %d is %d', (p, x) => {
  expect(Math.abs(normalQuantile(p) - x)).toBeLessThanOrEqual(1.15e-9 * Math.abs(x));
});

test('is odd around one half and grows, across the borders of its pieces too', () => {
  let last = -Infinity;
  for (let i = 1; i < 10_000; i++) {
    const x = normalQuantile(i / 10_000);
    expect(x).toBeGreaterThan(last);
    expect(Math.abs(x + normalQuantile(1 - i / 10_000))).toBeLessThan(1e-8);
    last = x;
  }
});
