import { Rotation } from './rotation.js';

const unit = (size: number, index: number) => Float64Array.from({ length: size }, (_, i) => (i === index ? 1 : 0));
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe('the rotation', () => {
  it.each([1, 2, 4, 12, 48])('of %d: orthogonal, keeps the mean', (size) => {
    const rotation = Rotation.of(size, 3)!;
    const rows = Array.from({ length: size }, (_, i) => {
      const row = unit(size, i);
      rotation.apply(row);
      return row;
    });
    rows.forEach((row, i) => {
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      rows.forEach((other, j) => expect(dot(row, other)).toBeCloseTo(i === j ? 1 : 0, 12));
    });
  });

  it('spreads an outlier: no entry above 3.5 / sqrt(n), and other signs from another seed', () => {
    const [a, b] = [1, 2].map((seed) => {
      const row = unit(192, 77);
      Rotation.of(192, seed)!.apply(row);
      return row;
    }) as [Float64Array, Float64Array];
    expect(Math.max(...a.map(Math.abs))).toBeLessThan(3.5 / Math.sqrt(192));
    expect(a).not.toEqual(b);
  });
});
