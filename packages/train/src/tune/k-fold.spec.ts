import { kFold } from './k-fold.js';

const all = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe('kFold', () => {
  it('puts every sample into one validation part, of sizes that differ by one at most', () => {
    const folds = kFold(23, 5, { seed: 1 });
    expect(folds.flatMap(({ validation }) => [...validation]).sort((a, b) => a - b)).toEqual(all(23));
    for (const { training, validation } of folds) {
      expect([...training, ...validation].sort((a, b) => a - b)).toEqual(all(23));
      expect([4, 5]).toContain(validation.length);
    }
  });

  it('spreads classes evenly', () => {
    const labels = all(103).map((i) => (i < 60 ? 0 : i < 90 ? 7 : 2));
    for (const { validation } of kFold(103, 5, { labels })) {
      const counts = [0, 7, 2].map((label) => [...validation].filter((i) => labels[i] === label).length);
      expect(counts[0]).toBe(12);
      expect(counts[1]).toBe(6);
      expect([2, 3]).toContain(counts[2]);
    }
    expect(kFold(6, 2, { labels: BigInt64Array.of(1n, 0n, 1n, 0n, 1n, 0n) })[0]!.validation).toHaveLength(3);
  });

  it('depends on the seed', () => {
    expect(kFold(30, 3, { seed: 1 })).toEqual(kFold(30, 3, { seed: 1 }));
    expect(kFold(30, 3, { seed: 1 })).not.toEqual(kFold(30, 3, { seed: 2 }));
  });

  it('refuses wrong numbers', () => {
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => kFold(3, 1)).toThrow(code);
    expect(() => kFold(3, 4)).toThrow(code);
    expect(() => kFold(3, 2, { labels: [1] })).toThrow(code);
  });
});
