import { busyWarning, loadSince, loadSnapshot, noiseWarnings, referenceSpread } from './machine-load.js';

describe('machine load', () => {
  it('warns before a start on a busy machine only', () => {
    expect(busyWarning({ load: 0.9, ticks: undefined }, 2)).toBeUndefined();
    expect(busyWarning({ load: 3, ticks: undefined }, 2)).toMatch(/a load of 3.00 on 2 cores/);
  });

  it('warns of stolen time and of an unsteady reference loop', () => {
    const quiet = { loadBefore: 0, loadAfter: 1, stealShare: 0.001 };
    const steady = [100, 101, 99, 100, 102, 100];
    expect(noiseWarnings(quiet, steady)).toEqual([]);
    expect(noiseWarnings({ ...quiet, stealShare: 0.1 }, steady)).toEqual([
      '10 % of processor time went to other guests of the host',
    ]);
    expect(noiseWarnings({ ...quiet, stealShare: undefined }, [100, 50, 100, 60, 100, 100])[0]).toMatch(/varied by/);
    expect(referenceSpread([1, 2])).toBe(0);
  });

  it('sees what this machine does', () => {
    const { loadBefore, loadAfter, stealShare } = loadSince(loadSnapshot());
    expect(loadBefore).toBeGreaterThanOrEqual(0);
    expect(loadAfter).toBeGreaterThanOrEqual(0);
    if (stealShare !== undefined) expect(stealShare).toBeLessThanOrEqual(1);
  });
});
