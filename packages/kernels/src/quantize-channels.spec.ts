import { axisView } from './axis-view.js';
import { quantizeChannels, quantizeChannelsAsync } from './quantize-channels.js';

const shape = [6, 5, 3];
const w = Float32Array.from({ length: 90 }, (_, i) => Math.sin(i * 1.7) * (1 + (i % 11)));

describe('quantizeChannels', () => {
  test.each([0, 1, 2])('axis %d: scale is the largest magnitude / 127, codes are nearest', async (axis) => {
    const view = axisView(shape, axis);
    const { codes, scales } = quantizeChannels(w, view);
    const channel = (i: number): number => Math.floor(i / view.inner) % view.axis;
    const largest = new Float32Array(view.axis);
    w.forEach((v, i) => {
      largest[channel(i)] = Math.max(largest[channel(i)]!, Math.abs(v));
    });
    expect(Array.from(scales)).toEqual(Array.from(largest, (v) => Math.fround(v / 127)));
    w.forEach((v, i) => {
      const scale = scales[channel(i)]!;
      // The nearest code errs by at most half a step; float32 division may add 127 * 2^-24 of one.
      expect(Math.abs(v - codes[i]! * scale)).toBeLessThanOrEqual(scale * (0.5 + 127 * 2 ** -23));
    });
    expect(codes.reduce((a, b) => Math.max(a, Math.abs(b)), 0)).toBe(127);
    expect(await quantizeChannelsAsync(w, view)).toEqual({ codes, scales });
  });

  test('reduceRange keeps codes in [-64, 64]', () => {
    const { codes, scales } = quantizeChannels(w, axisView(shape, 0), { reduceRange: true });
    expect(codes.reduce((a, b) => Math.max(a, Math.abs(b)), 0)).toBe(64);
    expect(scales[0]).toBe(Math.fround(w.subarray(0, 15).reduce((a, b) => Math.max(a, Math.abs(b)), 0) / 64));
  });

  test('a channel of zeros has scale 1 and codes 0', () => {
    const { codes, scales } = quantizeChannels(Float32Array.of(0, 0, 1, -1), { outer: 1, axis: 2, inner: 2 });
    expect(Array.from(scales)).toEqual([1, Math.fround(1 / 127)]);
    expect(Array.from(codes)).toEqual([0, 0, 127, -127]);
  });

  test.each([NaN, Infinity, -Infinity])('a weight of %d is refused', (bad) => {
    expect(() => quantizeChannels(Float32Array.of(1, bad), { outer: 1, axis: 2, inner: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_FINITE' }),
    );
  });
});
