import { addInto, scaleInPlace, sumOfSquares, sumOfSquaresAsync } from './array-lists.js';
import { isaInfo, setThreads } from './isa-info.js';

const wave = (length: number, rate: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * rate) * 3);

describe('lists of arrays', () => {
  test('sumOfSquares is the square of the global norm, the same bits at every number of threads', async () => {
    const arrays = [wave(100_001, 1), new Float32Array(0), wave(5, 2), wave(40_000, 3)];
    const plain = arrays.reduce((sum, array) => array.reduce((s, x) => s + x * x, sum), 0);
    const { threads } = isaInfo();
    const sums: number[] = [];
    for (const count of [1, 2, 7]) {
      setThreads(count);
      sums.push(sumOfSquares(arrays), await sumOfSquaresAsync(arrays));
    }
    setThreads(threads);
    expect(new Set(sums).size).toBe(1);
    // 140006 positive terms: as many roundings of the sum at most.
    expect(Math.abs(sums[0]! - plain)).toBeLessThanOrEqual(plain * 140_006 * 2 ** -53);
    expect(sumOfSquares([])).toBe(0);
    expect(sumOfSquares([Float32Array.of(1, NaN)])).toBeNaN();
    expect(sumOfSquares([Float32Array.of(3e38, -3e38)])).toBeCloseTo(2 * Math.fround(3e38) ** 2, -65);
    expect(sumOfSquares([Float32Array.of(-Infinity)])).toBe(Infinity);
  });

  test('scaleInPlace and addInto round once', () => {
    const [a, b, c, d] = [wave(70_000, 1), wave(3, 2), wave(70_000, 3), wave(3, 4)];
    const sums = [a, b].map((x, i) => x!.map((v, j) => v + [c, d][i]![j]!));
    addInto([a!, b!], [c!, d!]);
    expect([a, b]).toEqual(sums);
    const factor = Math.fround(1 / 3);
    const scaled = sums.map((x) => x.map((v) => v * factor));
    scaleInPlace([a!, b!], 1 / 3);
    expect([a, b]).toEqual(scaled);
  });

  test('an aborted sum rejects with the reason', async () => {
    await expect(sumOfSquaresAsync([wave(9, 1)], { signal: AbortSignal.abort('why') })).rejects.toBe('why');
  });

  test('refuses what overlaps, differs in length or is no Float32Array', () => {
    const code = (value: string) => expect.objectContaining({ code: value }) as Error;
    const x = new Float32Array(8);
    expect(() => addInto([x], [x])).toThrow(code('ERR_OVERLAP'));
    expect(() => addInto([x, x], [new Float32Array(8), new Float32Array(8)])).toThrow(code('ERR_OVERLAP'));
    expect(() => addInto([x], [])).toThrow(code('ERR_WRONG_LENGTH'));
    expect(() => addInto([x], [new Float32Array(7)])).toThrow(code('ERR_WRONG_LENGTH'));
    expect(() => scaleInPlace([x, x.subarray(7)], 2)).toThrow(code('ERR_OVERLAP'));
    expect(() => scaleInPlace([x], Infinity)).toThrow(code('ERR_BAD_OPTION'));
    expect(() => sumOfSquares([new Float64Array(1) as unknown as Float32Array])).toThrow(code('ERR_WRONG_TYPE'));
  });
});
