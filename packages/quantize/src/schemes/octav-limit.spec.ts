import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { normalLike } from '../testing/problem.js';
import { octavLimit } from './octav-limit.js';
import { findScheme } from './registry.js';

/** Numbers of density exp(-|x|) / 2, at the middle of equal shares: no sample, the distribution itself. */
const laplace = Float32Array.from({ length: 100_000 }, (_, i) => {
  const share = (i + 0.5) / 100_000;
  return share < 0.5 ? Math.log(2 * share) : -Math.log(2 - 2 * share);
});

/** The root of a 4^-bits / 3 (1 - e^-a) = e^-a, what the fixed point is for that density, by bisection. */
function fixedPoint(bits: number): number {
  let [low, high] = [0.1, 30];
  for (let i = 0; i < 60; i++) {
    const a = (low + high) / 2;
    if (((a * 4 ** -bits) / 3) * (1 - Math.exp(-a)) < Math.exp(-a)) low = a;
    else high = a;
  }
  return low;
}

describe('the limit of OCTAV', () => {
  it.each([2, 3, 4, 6])('is the fixed point for a Laplace distribution, %d bits', (bits) => {
    // At 6 bits 60 of the 100,000 places lie beyond: one more or less moves the limit by 1 / 60, a seventh of that of itself.
    expect(Math.abs(octavLimit({ values: laplace, importance: undefined }, bits) / fixedPoint(bits) - 1)).toBeLessThan(
      0.005,
    );
  });

  it('is the largest magnitude where clipping costs more than it gains, and 0 of zeros', () => {
    expect(octavLimit({ values: Float32Array.of(1, -1, 1), importance: undefined }, 4)).toBe(1);
    expect(octavLimit({ values: new Float32Array(4), importance: undefined }, 4)).toBe(0);
  });

  it('moves out to values that weigh more', () => {
    const importance = laplace.map((x) => (Math.abs(x) > 4 ? 100 : 1));
    const alike = octavLimit({ values: laplace, importance: undefined }, 3);
    expect(octavLimit({ values: laplace, importance }, 3)).toBeGreaterThan(alike);
  });
});

describe('clip: octav', () => {
  const [rows, columns] = [16, 256];
  const data = normalLike(rows * columns, 3);
  const error = (name: string, clip: boolean | 'octav', granularity: 'row' | 32) => {
    const layout = { rows, columns, granularity, clip, seed: 0 } as const;
    const values = dequantizeMatrix(roundToGrid(data, findScheme(name).fit(data, layout)));
    return values.reduce((sum, value, i) => sum + (value - data[i]!) ** 2, 0);
  };

  it.each(['int3', 'uint3', 'int4', 'uint2', 'apot4'])('%s: no worse than no clip, near the search', (name) => {
    expect(error(name, 'octav', 'row')).toBeLessThan(error(name, false, 'row'));
    expect(error(name, 'octav', 32)).toBeLessThanOrEqual(error(name, false, 32));
    expect(error(name, true, 'row')).toBeLessThanOrEqual(error(name, 'octav', 'row'));
  });
});
