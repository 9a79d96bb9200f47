import { breakEven } from './break-even.js';
import { geometricMean } from './kernel-claims.js';

describe('breakEven', () => {
  it('is where the curve crosses 1, linear between points', () => {
    expect(
      breakEven([
        [0, 0.8],
        [0.5, 0.9],
        [0.6, 1.1],
        [0.8, 2],
      ]),
    ).toBeCloseTo(0.55);
  });

  it('is the last crossing where there are several', () => {
    expect(
      breakEven([
        [0, 1.2],
        [0.5, 0.5],
        [0.7, 1.5],
      ]),
    ).toBeCloseTo(0.6);
  });

  it('knows everywhere and nowhere', () => {
    expect(
      breakEven([
        [0, 1.01],
        [0.5, 1.2],
      ]),
    ).toBe(0);
    expect(
      breakEven([
        [0, 0.5],
        [0.9, 0.99],
      ]),
    ).toBeUndefined();
  });
});

describe('geometricMean', () => {
  it('is that of the ratios, and its interval narrows with their number', () => {
    const one = { ratio: 2, low: 1.6, high: 2.5 };
    const half = { ratio: 0.5, low: 0.4, high: 0.625 };
    expect(geometricMean([one, half]).ratio).toBeCloseTo(1);
    const { low, high } = geometricMean([one, one, one, one]);
    expect(Math.log(high / low)).toBeCloseTo(Math.log(2.5 / 1.6) / 2);
  });
});
