import { decodeQsgd, encodeQsgd, qsgdBits } from './qsgd-code.js';
import { dequantizeQsgd, qsgd, quantizeQsgd } from './qsgd.js';
import { checkUnbiased, sampleGradient } from './testing/check-unbiased.js';

const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
const place = (step: number) => ({ seed: 1, stream: 2, step });

describe('qsgd', () => {
  it.each([
    [1, 32],
    [7, 32],
    [127, 512],
  ])('is unbiased, and of the variance it says (%i levels, buckets of %i)', (levels, bucket) => {
    const gradient = sampleGradient(80);
    const norms = Array.from({ length: Math.ceil(80 / bucket) }, (_, b) => {
      const part = gradient.slice(b * bucket, (b + 1) * bucket);
      return Math.sqrt(part.reduce((sum, g) => sum + g * g, 0));
    });
    checkUnbiased(qsgd({ levels, bucket }), gradient, (i) => norms[Math.floor(i / bucket)]! / levels);
  });

  it('keeps the bounds of lemma 3.1: variance and sparsity', () => {
    const n = 512;
    const gradient = sampleGradient(n);
    const square = gradient.reduce((sum, g) => sum + g * g, 0);
    for (const levels of [1, 4, 16, 64]) {
      const { variance } = qsgd({ levels, bucket: n }).quantize(gradient.slice(), place(0));
      expect(variance).toBeLessThanOrEqual(Math.min(n / levels ** 2, Math.sqrt(n) / levels) * square);
      // E of nonzeros <= s (s + sqrt n). Each is a draw of its own: by Hoeffding 20 runs exceed their mean by 3.3 sqrt(20 n) once in 10^9.
      let nonzeros = 0;
      for (let step = 0; step < 20; step++) {
        const { codes } = quantizeQsgd(gradient, place(step), { levels, bucket: n });
        nonzeros += codes.reduce((count, c) => count + (c === 0 ? 0 : 1), 0);
      }
      expect(nonzeros).toBeLessThan(20 * levels * (levels + Math.sqrt(n)) + 3.3 * Math.sqrt(20 * n));
    }
  });

  it('encodes in the bits it reports, and decodes to the same codes, sparse and dense', () => {
    for (const levels of [1, 7, 1000]) {
      const gradient = sampleGradient(300).map((g, i) => (i > 200 ? 0 : g));
      const quantized = quantizeQsgd(gradient, place(3), { levels, bucket: 128 });
      const bytes = encodeQsgd(quantized);
      expect(bytes.length).toBe(Math.ceil(qsgdBits(quantized) / 8));
      const decoded = decodeQsgd(bytes, 300, levels, 128);
      expect(decoded.codes).toEqual(quantized.codes);
      expect(decoded.norms).toEqual(quantized.norms);
    }
  });

  // Theorem 3.2 for s = 1: the expected length is at most (3 + (3/2 + o(1)) log2(2 (1 + n) / (1 + sqrt n))) (1 + sqrt n) + 32.
  it('is far below 32 bits an element where it is sparse', () => {
    const gradient = sampleGradient(512);
    let bits = 0;
    for (let step = 0; step < 50; step++) bits += qsgd({ levels: 1 }).quantize(gradient.slice(), place(step)).bits / 50;
    const kept = 1 + Math.sqrt(512);
    expect(bits).toBeLessThan((3 + 1.5 * Math.log2((2 * 513) / kept)) * kept + 32);
  });

  it('draws the same numbers at the same place', () => {
    const run = (step: number): number[] => {
      const gradient = sampleGradient(100);
      qsgd().quantize(gradient, place(step));
      return [...gradient];
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
  });

  it('keeps zeros, single elements and nothing at all', () => {
    for (const gradient of [new Float32Array(5), Float32Array.of(0, -3, 0), new Float32Array(0)]) {
      const expected = [...gradient];
      expect(qsgd().quantize(gradient, place(0)).variance).toBe(0);
      expect([...gradient].map((g) => g + 0)).toEqual(expected);
    }
    const out = new Float32Array(3);
    dequantizeQsgd({ levels: 2, bucket: 2, norms: Float32Array.of(4, 8), codes: Int32Array.of(1, -2, 2) }, out);
    expect([...out]).toEqual([2, -4, 8]);
  });

  it('refuses wrong options and gradients that are not finite', () => {
    expect(() => qsgd({ levels: 0 })).toThrow(code('ERR_TRAIN_OPTIONS'));
    expect(() => qsgd({ levels: 2 ** 25 })).toThrow(code('ERR_TRAIN_OPTIONS'));
    expect(() => qsgd({ bucket: 1.5 })).toThrow(code('ERR_TRAIN_OPTIONS'));
    expect(() => qsgd().quantize(Float32Array.of(1, NaN), place(0))).toThrow(code('ERR_DIVERGED'));
    expect(() => qsgd().quantize(Float32Array.of(1, Infinity), place(0))).toThrow(code('ERR_DIVERGED'));
  });
});
