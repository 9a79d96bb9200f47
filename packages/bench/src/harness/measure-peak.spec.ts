import { isaInfo } from '@gossamer/kernels';
import { bestRate, referenceSample } from './measure-peak.js';

describe('peaks', () => {
  it('takes the fastest instruction set', () => {
    expect(bestRate({ scalar: 14, avx2: 200 })).toBe(200);
    expect(bestRate({})).toBe(0);
  });

  it('a reference sample is at least what scalar code reaches, and below any CPU there is', () => {
    expect(isaInfo().available).toContain('scalar');
    const rate = referenceSample();
    expect(rate).toBeGreaterThan(0.05);
    expect(rate).toBeLessThan(20_000);
  });
});
