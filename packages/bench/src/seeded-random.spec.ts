import { seededRandom } from './seeded-random.js';

describe('seededRandom', () => {
  it('repeats a stream from its seed', () => {
    const [a, b] = [seededRandom(7), seededRandom(7)];
    expect(Array.from({ length: 5 }, () => a.next())).toEqual(Array.from({ length: 5 }, () => b.next()));
    expect(seededRandom(8).next()).not.toBe(seededRandom(7).next());
  });

  it('is uniform and normal enough for noise', () => {
    const random = seededRandom(1);
    const count = 20_000;
    let [sum, squares] = [0, 0];
    for (let i = 0; i < count; i++) {
      const value = random.normal();
      sum += value;
      squares += value * value;
    }
    // Standard errors: 1 / sqrt(20,000) = 0.007 of the mean, sqrt(2 / 20,000) = 0.01 of the variance; five of each.
    expect(Math.abs(sum / count)).toBeLessThan(0.036);
    expect(Math.abs(squares / count - 1)).toBeLessThan(0.05);
  });

  it('keeps integers below their bound', () => {
    const random = seededRandom(2);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(4)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3]);
  });
});
