import { rasterize } from './rasterize.js';

const square = (x0: number, y0: number, x1: number, y1: number) => [x0, y0, x1, y0, x1, y1, x0, y1];

describe('rasterize', () => {
  it('covers whole and partial pixels by their exact area', () => {
    const coverage = rasterize([square(1, 1, 3, 2.5)], 5, 4);
    const rows = [0, 1, 2, 3].map((y) => Array.from(coverage.subarray(5 * y, 5 * y + 5)));
    expect(rows).toEqual([
      [0, 0, 0, 0, 0],
      [0, 1, 1, 0, 0],
      [0, 0.5, 0.5, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it('covers a half-pixel column and ignores the direction of a contour', () => {
    const clockwise = rasterize([square(0.25, 0, 1.75, 1)], 3, 1);
    const turned = rasterize([[0.25, 0, 0.25, 1, 1.75, 1, 1.75, 0]], 3, 1);
    expect(Array.from(clockwise)).toEqual([0.75, 0.75, 0]);
    expect(turned).toEqual(clockwise);
  });

  it('sums to the area of a slanted polygon', () => {
    // A triangle over many pixels of a row, of area 9 * 3 / 2 (float32 sums: 8 pixels of 2^-24 each at most matter).
    const coverage = rasterize([[0.3, 0.5, 9.3, 0.5, 4, 3.5]], 12, 5);
    const area = coverage.reduce((sum, share) => sum + share, 0);
    expect(area).toBeCloseTo(13.5, 5);
    expect(Math.max(...coverage)).toBeLessThanOrEqual(1);
  });

  it('leaves a hole where an inner contour runs the other way', () => {
    const inner = [1, 1, 1, 2, 2, 2, 2, 1];
    const coverage = rasterize([square(0, 0, 3, 3), inner], 3, 3);
    expect(Array.from(coverage)).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1]);
  });

  it('cuts what lies outside the image', () => {
    const coverage = rasterize([square(-5, -5, 50, 50)], 2, 2);
    expect(Array.from(coverage)).toEqual([1, 1, 1, 1]);
  });
});
