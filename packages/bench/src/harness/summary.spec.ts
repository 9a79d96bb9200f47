import { pairedRatio, round, summarise } from './summary.js';

describe('summaries', () => {
  it('holds the median within its interval', () => {
    const found = summarise([5, 1, 4, 2, 3]);
    expect(found).toMatchObject({ median: 3, min: 1, n: 5 });
    expect(found.low).toBeGreaterThanOrEqual(1);
    expect(found.low).toBeLessThanOrEqual(3);
    expect(found.high).toBeGreaterThanOrEqual(3);
    expect(summarise([7])).toEqual({ median: 7, low: 7, high: 7, min: 7, p95: 7, n: 1 });
  });

  it('takes ratios pair by pair, so what slows both halves of a pair leaves no trace', () => {
    const mood = [1, 1, 5, 1, 9, 1, 2, 1];
    expect(
      pairedRatio(
        mood.map((m) => 4 * m),
        mood.map((m) => 2 * m),
      ),
    ).toEqual({ ratio: 2, low: 2, high: 2 });
  });

  it('keeps five digits', () => {
    expect([round(1.2345678), round(98765432), round(0)]).toEqual([1.2346, 98765000, 0]);
  });
});
