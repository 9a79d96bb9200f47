import { clipByNorm, clipFactor } from './clip-by-norm.js';
import { clipByValue } from './clip-by-value.js';

const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;

describe('clipByNorm', () => {
  it('scales all gradients by one factor, and only down', () => {
    const gradients = [Float32Array.of(3, 0), Float32Array.of(-4)];
    expect(clipByNorm(gradients, 5)).toBe(5);
    expect(gradients.map((g) => [...g])).toEqual([[3, 0], [-4]]);
    expect(clipByNorm(gradients, 2.5)).toBe(5);
    expect(gradients.map((g) => [...g])).toEqual([[1.5, 0], [-2]]);
    expect(clipFactor(10, 2.5)).toBe(0.25);
    expect(clipFactor(0, 1)).toBe(1);
    expect(() => clipByNorm(gradients, 0)).toThrow(code);
  });
});

describe('clipByValue', () => {
  it('limits every element', () => {
    const gradients = [Float32Array.of(3, -0.5, NaN), Float32Array.of(-4, Infinity)];
    clipByValue(gradients, 1);
    expect(gradients.map((g) => [...g])).toEqual([
      [1, -0.5, NaN],
      [-1, 1],
    ]);
    expect(() => clipByValue(gradients, NaN)).toThrow(code);
  });
});
