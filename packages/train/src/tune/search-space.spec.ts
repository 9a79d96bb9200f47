import { checkSpace, type SearchParameter, valueAtShare } from './search-space.js';

describe('search space', () => {
  it('maps shares to values of equal probability', () => {
    expect(valueAtShare({ kind: 'uniform', low: -1, high: 3 }, 0.25)).toBe(0);
    expect(valueAtShare({ kind: 'log-uniform', low: 1e-4, high: 1 }, 0.5)).toBeCloseTo(1e-2, 12);
    const int: SearchParameter = { kind: 'int', low: 1, high: 4 };
    const shares = Array.from({ length: 400 }, (_, i) => (i + 0.5) / 400);
    for (const value of [1, 2, 3, 4]) {
      expect(shares.filter((share) => valueAtShare(int, share) === value)).toHaveLength(100);
    }
    expect(valueAtShare(int, 1 - 2 ** -24)).toBe(4);
    expect(valueAtShare(int, 0)).toBe(1);
    expect(valueAtShare({ kind: 'choice', values: ['a', true, 3] }, 0.4)).toBe(true);
    // exp(log(x)) may miss x.
    for (const low of [0.1, 0.3, 0.7, 1e-5, 3e-3]) {
      expect(valueAtShare({ kind: 'log-uniform', low, high: 1 }, 0)).toBeGreaterThanOrEqual(low);
      expect(valueAtShare({ kind: 'log-uniform', low, high: low }, 0.5)).toBe(low);
    }
  });

  it.each([
    [{ kind: 'uniform', low: 1, high: 0 }],
    [{ kind: 'uniform', low: 0, high: Infinity }],
    [{ kind: 'log-uniform', low: 0, high: 1 }],
    [{ kind: 'int', low: 0.5, high: 1 }],
    [{ kind: 'choice', values: [] }],
    [{ kind: 'normal', low: 0, high: 1 }],
  ])('refuses %j', (parameter) => {
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    expect(() => checkSpace({ x: parameter as SearchParameter })).toThrow(code);
    expect(() => checkSpace({})).toThrow(code);
  });
});
