import { predictInt8 } from './predict-int8.js';

/** 12 of every 64 channels, in different places for each output and tap. */
const balanced = (n: number, t: number, c: number) => ((c * 7 + n * 5 + t * 3) % 16 < 3 ? 1 : 0);

function weights(outputs: number, channels: number, taps: number, outputsLast: boolean): Int8Array {
  const w = new Int8Array(outputs * channels * taps);
  for (let n = 0; n < outputs; n++) {
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < taps; t++) {
        w[outputsLast ? (c * taps + t) * outputs + n : (n * channels + c) * taps + t] = balanced(n, t, c);
      }
    }
  }
  return w;
}

describe('predictInt8', () => {
  test('the layout of the weights does not matter, zeros never cost more', () => {
    for (const [outputs, channels, taps] of [
      [64, 128, 9],
      [100, 192, 1],
    ] as const) {
      const layout = { outputs, channels, taps, outputsLast: false };
      const cost = predictInt8(weights(outputs, channels, taps, false), layout);
      expect(predictInt8(weights(outputs, channels, taps, true), { ...layout, outputsLast: true })).toBe(cost);
      const dense = predictInt8(new Int8Array(outputs * channels * taps).fill(1), layout);
      expect(cost).toBeLessThanOrEqual(dense);
      expect(cost).toBeGreaterThan(0);
    }
  });

  test('an order of channels that crowds the non-zeros of every 64 costs more', () => {
    const layout = { outputs: 64, channels: 512, taps: 1, outputsLast: false };
    const w = Int8Array.from({ length: 64 * 512 }, (_, i) => (i % 16 < 3 ? 1 : 0));
    const plain = predictInt8(w, layout);
    const own = Int32Array.from({ length: 512 }, (_, c) => c);
    expect(predictInt8(w, layout, own)).toBe(plain);
    const crowded = own.sort((a, b) => (a % 16) - (b % 16) || a - b);
    expect(predictInt8(w, layout, crowded.reverse())).not.toBe(plain);
    expect(() => predictInt8(w, layout, own.fill(512))).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }));
  });

  test('no weights cost nothing', () => {
    expect(predictInt8(new Int8Array(0), { outputs: 0, channels: 3, taps: 1, outputsLast: false })).toBe(0);
  });

  test('wrong types and lengths are refused', () => {
    const layout = { outputs: 2, channels: 3, taps: 1, outputsLast: false };
    expect(() => predictInt8(new Int8Array(5), layout)).toThrow(expect.objectContaining({ code: 'ERR_WRONG_LENGTH' }));
    expect(() => predictInt8(new Uint8Array(6) as unknown as Int8Array, layout)).toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_TYPE' }),
    );
    expect(() => predictInt8(new Int8Array(6), { ...layout, outputs: -2 })).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTION' }),
    );
  });
});
