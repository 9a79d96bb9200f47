import fc from 'fast-check';
import { errorStats, errorStatsAsync } from './error-stats.js';
import { isaInfo, setThreads } from './isa-info.js';

describe('errorStats', () => {
  test('equals sums in plain order up to float64 rounding, and leaves out what is not finite', () => {
    const pair = fc.tuple(fc.float(), fc.float());
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 100 }), (pairs) => {
        const stats = errorStats(
          Float32Array.from(pairs, ([a]) => a),
          Float32Array.from(pairs, ([, b]) => b),
        );
        const finite = pairs.filter((p) => p.every(Number.isFinite));
        const sum = (f: (a: number, b: number) => number): number => finite.reduce((s, [a, b]) => s + f(a, b), 0);
        const close = (actual: number, expected: number, size: number): void =>
          expect(Math.abs(actual - expected)).toBeLessThanOrEqual(size * 100 * 2 ** -52);
        expect([stats.count, stats.nonFiniteCount]).toEqual([finite.length, pairs.length - finite.length]);
        close(
          stats.sumSquaredError,
          sum((a, b) => (a - b) ** 2),
          stats.sumSquaredError,
        );
        close(
          stats.sumSquaredReference,
          sum((a) => a * a),
          stats.sumSquaredReference,
        );
        close(
          stats.sumSquaredActual,
          sum((_, b) => b * b),
          stats.sumSquaredActual,
        );
        close(
          stats.dot,
          sum((a, b) => a * b),
          sum((a, b) => Math.abs(a * b)),
        );
        expect(stats.maxAbsError).toBe(finite.reduce((m, [a, b]) => Math.max(m, Math.abs(a - b)), 0));
      }),
    );
  });

  test('the same bits at every number of threads, also asynchronously', async () => {
    const a = Float32Array.from({ length: 500_001 }, (_, i) => Math.sin(i));
    const b = Float32Array.from(a, (v, i) => v + 0.01 * Math.cos(3 * i));
    const { threads } = isaInfo();
    const expected = errorStats(a, b);
    for (const count of [1, 2, 7]) {
      setThreads(count);
      expect(errorStats(a, b)).toEqual(expected);
      expect(await errorStatsAsync(a, b)).toEqual(expected);
    }
    setThreads(threads);
  });

  test('refuses arrays of different lengths', () => {
    expect(() => errorStats(new Float32Array(2), new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_LENGTH' }),
    );
  });
});
