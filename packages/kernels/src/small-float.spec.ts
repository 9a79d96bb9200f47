import {
  bf16ToF32,
  bf16ToF32Async,
  f16ToF32,
  f16ToF32Async,
  f32ToBf16,
  f32ToBf16Async,
  f32ToF16,
  f32ToF16Async,
} from './small-float.js';

const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** Value of a pattern, from the definition of the format. */
function valueOf(pattern: number, mantissaBits: number): number {
  const exponentBits = 15 - mantissaBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const exponent = (pattern & 0x7fff) >> mantissaBits;
  const mantissa = (pattern & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const sign = pattern >= 0x8000 ? -1 : 1;
  if (exponent === 2 ** exponentBits - 1) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** (1 - bias) : (1 + mantissa) * 2 ** (exponent - bias));
}

describe.each([
  ['float16', 10, f16ToF32, f32ToF16, f16ToF32Async, f32ToF16Async],
  ['bfloat16', 7, bf16ToF32, f32ToBf16, bf16ToF32Async, f32ToBf16Async],
] as const)('%s', (_, mantissaBits, widen, narrow, widenAsync, narrowAsync) => {
  test('every pattern widens to its value and narrows back to itself', async () => {
    const wide = widen(patterns);
    expect(Array.from(wide)).toEqual(Array.from(patterns, (p) => valueOf(p, mantissaBits)));
    expect(await widenAsync(patterns)).toEqual(wide);
    const back = narrow(wide);
    const kept = Array.from(patterns).filter((p) => !Number.isNaN(wide[p]!));
    expect(kept.filter((p) => back[p] !== p)).toEqual([]);
    expect(await narrowAsync(wide)).toEqual(back);
  });

  test('ties go to the even pattern, what is above them up', () => {
    for (const pattern of [0, 1, 2, 1023, 1024, 0x3bff, 0x3c00, 0x3c01]) {
      const [below, above] = [valueOf(pattern, mantissaBits), valueOf(pattern + 1, mantissaBits)];
      const tie = Math.fround((below + above) / 2);
      const up = Math.fround(tie * (1 + 2 ** -23));
      expect(narrow(Float32Array.of(tie))[0]).toBe(pattern % 2 === 0 ? pattern : pattern + 1);
      if (up !== tie) expect(narrow(Float32Array.of(up))[0]).toBe(pattern + 1);
    }
  });
});

describe('edges', () => {
  test('float16 overflows to infinity from 65520 on', () => {
    expect(Array.from(f32ToF16(Float32Array.of(65519, 65520, -1e9, Infinity)))).toEqual([
      0x7bff, 0x7c00, 0xfc00, 0x7c00,
    ]);
  });

  test('NaN stays NaN', () => {
    expect(f16ToF32(f32ToF16(Float32Array.of(NaN)))[0]).toBeNaN();
    expect(bf16ToF32(f32ToBf16(Float32Array.of(NaN)))[0]).toBeNaN();
  });

  test.each([undefined, null, [1], new Float64Array(1), new Uint16Array(1)])('%p is no Float32Array', (x) => {
    expect(() => f32ToF16(x as unknown as Float32Array)).toThrow(expect.objectContaining({ code: 'ERR_WRONG_TYPE' }));
  });
});
