import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import { codesOf } from '../grid/weight-grid.js';
import { findScheme, SCHEMES } from './registry.js';
import type { SchemeLayout } from './scheme.js';

const [rows, columns] = [8, 64];
/** Bell-shaped, with a few large ones. */
const data = Float32Array.from({ length: rows * columns }, (_, i) => {
  const bell = Math.sin(i * 1.3) + Math.sin(i * 2.7 + 1) + Math.sin(i * 4.1 + 2);
  return 0.1 * bell * (i % 37 === 0 ? 3 : 1) * (1 + Math.floor(i / columns));
});
const layout = (changes: Partial<SchemeLayout> = {}): SchemeLayout => ({
  rows,
  columns,
  granularity: 'row',
  clip: false,
  seed: 0,
  ...changes,
});
const errorOf = (name: string, changes: Partial<SchemeLayout> = {}) => {
  const values = dequantizeMatrix(roundToGrid(data, findScheme(name).fit(data, layout(changes))));
  return values.reduce((sum, value, i) => sum + (value - data[i]!) ** 2, 0);
};

describe('schemes', () => {
  it.each([...SCHEMES.keys()])('%s: codes fit its bits, values round to themselves, 0 stays 0', (name) => {
    const scheme = findScheme(name);
    for (const granularity of ['tensor', 'row', 16] as const) {
      const pruned = data.map((value, i) => (i % 7 === 0 ? 0 : value));
      const grid = scheme.fit(pruned, layout({ granularity }));
      expect(codesOf(grid)).toBeLessThanOrEqual(2 ** scheme.bits);
      const once = roundToGrid(pruned, grid);
      const values = dequantizeMatrix(once);
      expect(dequantizeMatrix(roundToGrid(values, grid))).toEqual(values);
      if (scheme.bits > 1) pruned.forEach((value, i) => value === 0 && expect(Math.abs(values[i]!)).toBe(0));
    }
  });

  it.each([...SCHEMES.keys()])(
    '%s: a clip search never costs, nor does a scale a row, unless levels are as fine relatively everywhere',
    (name) => {
      const isRelative = /^(float8|pot)/.test(name);
      if (!isRelative)
        expect(errorOf(name, { granularity: 'row' })).toBeLessThan(errorOf(name, { granularity: 'tensor' }));
      expect(errorOf(name, { clip: true })).toBeLessThanOrEqual(errorOf(name) * (1 + 1e-9));
    },
  );

  it('more bits are better, and k-means beats NF4 beats integers at equal bits', () => {
    const integers = [2, 3, 4, 5, 6, 7, 8, 16].map((bits) => errorOf(`uint${bits}`));
    integers.slice(1).forEach((error, i) => expect(error).toBeLessThan(integers[i]!));
    const [best, normal, plain] = ['codebook4', 'nf4', 'int4'].map((name) => errorOf(name));
    expect(best).toBeLessThan(normal!);
    expect(best).toBeLessThan(plain!);
  });

  it('weighs columns in a clip search', () => {
    const importance = Float32Array.from({ length: columns }, (_, j) => (j < 8 ? 100 : 1));
    const error = (changes: Partial<SchemeLayout>) => {
      const values = dequantizeMatrix(
        roundToGrid(data, findScheme('int3').fit(data, layout({ clip: true, ...changes }))),
      );
      return values.reduce((sum, value, i) => sum + importance[i % columns]! * (value - data[i]!) ** 2, 0);
    };
    expect(error({ importance })).toBeLessThan(error({}));
  });

  it('names those there are', () => {
    expect(() => findScheme('int9')).toThrow(expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error);
  });
});
