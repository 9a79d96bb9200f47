import { gradientNorm } from './gradient-norm.js';

describe('gradientNorm', () => {
  const gradients = [Float32Array.of(3, 4), Float32Array.of(12, NaN)];

  it('is that of all gradients as one vector', () => {
    expect(gradientNorm([Float32Array.of(3, 4), Float32Array.of(12)])).toBe(13);
    expect(gradientNorm(gradients)).toBeNaN();
    expect(gradientNorm([])).toBe(0);
  });

  it('leaves masked elements out', () => {
    expect(gradientNorm(gradients, [undefined, Uint8Array.of(1, 0)])).toBe(13);
    expect(gradientNorm(gradients, [Uint8Array.of(1, 0), Uint8Array.of(0, 0)])).toBe(3);
  });
});
