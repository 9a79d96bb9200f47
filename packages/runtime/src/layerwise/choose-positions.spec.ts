import { choosePositions } from './choose-positions.js';

describe('choosePositions', () => {
  test.each([
    [10, 3],
    [10, 7],
    [49, 48],
    [1000, 1],
  ])('of %i takes %i, ascending, the same for a seed and a sample', (total, count) => {
    const chosen = [...choosePositions(total, count, 5, 2)];
    expect(new Set(chosen).size).toBe(count);
    expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
    expect(chosen.every((at) => at >= 0 && at < total)).toBe(true);
    expect([...choosePositions(total, count, 5, 2)]).toEqual(chosen);
  });

  test('all where there are no more; others for another seed or sample', () => {
    expect([...choosePositions(3, 3, 0, 0)]).toEqual([0, 1, 2]);
    expect([...choosePositions(3, 8, 0, 0)]).toEqual([0, 1, 2]);
    const [a, b, c] = [
      choosePositions(1000, 20, 0, 0),
      choosePositions(1000, 20, 1, 0),
      choosePositions(1000, 20, 0, 1),
    ];
    expect([...a!]).not.toEqual([...b!]);
    expect([...a!]).not.toEqual([...c!]);
  });

  test('every position comes up as often as any other', () => {
    const hits = new Float64Array(10);
    for (let seed = 0; seed < 4000; seed++) for (const at of choosePositions(10, 4, seed, 1)) hits[at]!++;
    // Stretches of 2 and 3 positions: a position is taken with probability 1/2 or 1/3. Five standard deviations of a binomial of 4000.
    const expected = [1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3];
    hits.forEach((count, at) => expect(Math.abs(count - 4000 * expected[at]!)).toBeLessThan(5 * Math.sqrt(4000 / 4)));
  });
});
