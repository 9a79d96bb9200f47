import {
  dividedBy,
  fixedPointOf,
  headroom,
  requantize,
  roundingRightShift,
  saturatingRoundingDoublingHighMul,
} from './fixed-point.js';

test('gemmlowp roundings: halves of the high product go up, halves of the shift away from 0, one product saturates', () => {
  expect(saturatingRoundingDoublingHighMul(1n, 2n ** 30n)).toBe(1n);
  expect(saturatingRoundingDoublingHighMul(-1n, 2n ** 30n)).toBe(0n);
  expect(saturatingRoundingDoublingHighMul(-(2n ** 31n), -(2n ** 31n))).toBe(2n ** 31n - 1n);
  expect([5n, -5n, 6n, -6n, 7n, -7n].map((a) => roundingRightShift(a, 2n))).toEqual([1n, -1n, 2n, -2n, 2n, -2n]);
  expect(roundingRightShift(-3n, 0n)).toBe(-3n);
});

test.each([0.75, 0.5, 1, 0.00123, 3.5, 1e-9, 2 ** -20, 1 - 2 ** -40])(
  '%d as a multiplier and an exponent',
  (factor) => {
    const { multiplier, exponent } = fixedPointOf(factor);
    expect(multiplier).toBeGreaterThanOrEqual(2 ** 30);
    expect(multiplier).toBeLessThan(2 ** 31);
    expect(Math.abs((multiplier * 2 ** (exponent - 31)) / factor - 1)).toBeLessThanOrEqual(2 ** -31);
  },
);

test('requantize is the product to within one rounding of 2^-left and one to integers', () => {
  for (let i = 0; i < 2000; i++) {
    const value = Math.round(Math.sin(i) * 2 ** 20);
    const factor = 10 ** -(1 + (i % 6));
    const exact = value * factor;
    const got = requantize(value, fixedPointOf(factor), 10);
    expect(Math.abs(got - exact)).toBeLessThanOrEqual(0.5 + 2 ** -10);
  }
});

test('factors beyond the shifts: the largest, or nothing', () => {
  expect(requantize(1000, fixedPointOf(2 ** -40), 0)).toBe(0);
  expect(requantize(3, fixedPointOf(100), 4)).toBe(48);
  expect(requantize(3, fixedPointOf(0), 4)).toBe(0);
});

test('headroom and counts', () => {
  expect([0, 1, 255, 256, 2 ** 31 - 1, 2 ** 40].map(headroom)).toEqual([31, 30, 23, 22, 0, 0]);
  const { multiplier, exponent } = dividedBy(fixedPointOf(0.3), 49);
  expect(Math.abs((multiplier * 2 ** (exponent - 31)) / (0.3 / 49) - 1)).toBeLessThan(2 ** -29);
  expect(dividedBy(fixedPointOf(0.3), 0)).toEqual({ multiplier: 0, exponent: 0 });
});
