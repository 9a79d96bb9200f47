import { dorefa } from './dorefa.js';
import { checkUnbiased, sampleGradient } from './testing/check-unbiased.js';

const place = { seed: 1, stream: 2, step: 3 };

describe('dorefa', () => {
  it.each([1, 2, 8])('is unbiased, and of the variance it says (%i bits)', (bits) => {
    const gradient = sampleGradient(80);
    const maximum = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    checkUnbiased(dorefa({ bits }), gradient, () => (2 * maximum) / (2 ** bits - 1));
  });

  it('gives the 2^k levels of the definition', () => {
    const gradient = Float32Array.from({ length: 1000 }, (_, i) => (i - 500) / 250);
    expect(dorefa({ bits: 2 }).quantize(gradient, place).bits).toBe(2032);
    // M = 2: -2, -2/3, 2/3, 2.
    expect([...new Set(gradient)].sort((a, b) => a - b)).toEqual([-2, -2 / 3, 2 / 3, 2].map(Math.fround));
    expect(gradient[0]).toBe(-2);
  });

  it('leaves zeros, and refuses what is not finite', () => {
    const zeros = new Float32Array(3);
    expect(dorefa().quantize(zeros, place)).toEqual({ bits: 56, variance: 0 });
    expect([...zeros]).toEqual([0, 0, 0]);
    const diverged = expect.objectContaining({ code: 'ERR_DIVERGED' }) as Error;
    expect(() => dorefa().quantize(Float32Array.of(NaN), place)).toThrow(diverged);
    const options = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => dorefa({ bits: 17 })).toThrow(options);
  });
});
