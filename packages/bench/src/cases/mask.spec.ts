import { seededRandom } from '../seeded-random.js';
import { maskRow, parseMask, sparsityOf } from './mask.js';

const ones = (length: number) => new Int8Array(length).fill(1);
const masked = (name: string, length: number) => {
  const row = ones(length);
  maskRow(row, parseMask(name), seededRandom(1));
  return row;
};
const alive = (row: Int8Array) => row.filter((value) => value !== 0).length;

describe('masks', () => {
  it('leaves everything when dense', () => {
    expect(alive(masked('dense', 100))).toBe(100);
  });

  it('zeroes about the share that was asked for', () => {
    expect(sparsityOf(masked('80%', 20_000))).toBeCloseTo(0.8, 1);
    expect(sparsityOf(masked('50%', 20_000))).toBeCloseTo(0.5, 1);
  });

  it.each([
    ['2:4', 4, 2],
    ['12:64', 64, 12],
    ['8:64', 64, 8],
  ])('%s leaves exactly so many of each window', (name, size, keep) => {
    const row = masked(name, size * 10);
    for (let start = 0; start < row.length; start += size) expect(alive(row.subarray(start, start + size))).toBe(keep);
  });

  it('caps windows of a random mask, the last short one too', () => {
    const row = masked('50%cap16', 64 * 20 + 40);
    for (let start = 0; start < row.length; start += 64) {
      expect(alive(row.subarray(start, start + 64))).toBeLessThanOrEqual(16);
    }
    expect(alive(row)).toBeGreaterThan(16 * 19);
  });

  it.each(['', '100%', '4:4', '0:4', '80%cap65', 'sparse'])('refuses %p', (name) => {
    expect(() => parseMask(name)).toThrow(expect.objectContaining({ code: 'ERR_SHAPES' }));
  });
});
