import fc from 'fast-check';
import { axisView } from './axis-view.js';
import { minMax, minMaxAsync, minMaxAxis, minMaxAxisAsync, minMaxBlocks, minMaxBlocksAsync } from './min-max.js';

function oracle(values: readonly number[]) {
  const finite = values.filter(Number.isFinite);
  return {
    min: finite.reduce((a, b) => Math.min(a, b), Infinity) + 0,
    max: finite.reduce((a, b) => Math.max(a, b), -Infinity) + 0,
    nanCount: values.filter(Number.isNaN).length,
    infCount: values.filter((v) => Math.abs(v) === Infinity).length,
  };
}

const anyFloats = fc.float32Array({ maxLength: 150 });

describe('minMax', () => {
  test('is over finite values, counts the others, and gives zeros as +0', async () => {
    await fc.assert(
      fc.asyncProperty(anyFloats, async (x) => {
        const expected = oracle(Array.from(x));
        expect(minMax(x)).toEqual(expected);
        expect(await minMaxAsync(x)).toEqual(expected);
      }),
    );
    expect(minMax(Float32Array.of(-0))).toEqual({ min: 0, max: 0, nanCount: 0, infCount: 0 });
  });

  test('nothing finite gives the identity', () => {
    expect(minMax(new Float32Array())).toEqual({ min: Infinity, max: -Infinity, nanCount: 0, infCount: 0 });
    expect(minMax(Float32Array.of(NaN, -Infinity))).toEqual({
      min: Infinity,
      max: -Infinity,
      nanCount: 1,
      infCount: 1,
    });
  });

  test.each([
    [0, 2],
    [1, 3],
    [2, 4],
  ])('by axis %d and in blocks of %d', async (axis, blockSize) => {
    const shape = [4, 7, 6];
    const view = axisView(shape, axis);
    const x = Float32Array.from({ length: 168 }, (_, i) => (i % 23 === 0 ? NaN : Math.sin(i) * i));
    const blocks = Math.ceil(view.axis / blockSize);
    const byAxis = Array.from({ length: view.axis }, (): number[] => []);
    const byBlock = Array.from({ length: view.outer * blocks * view.inner }, (): number[] => []);
    x.forEach((v, i) => {
      const step = Math.floor(i / view.inner) % view.axis;
      const outer = Math.floor(i / view.inner / view.axis);
      byAxis[step]!.push(v);
      byBlock[(outer * blocks + Math.floor(step / blockSize)) * view.inner + (i % view.inner)]!.push(v);
    });
    const check = (result: ReturnType<typeof minMaxAxis>, groups: number[][]): void => {
      expect(Array.from(result.min)).toEqual(groups.map((group) => oracle(group).min));
      expect(Array.from(result.max)).toEqual(groups.map((group) => oracle(group).max));
      expect(result.nanCount).toBe(oracle(Array.from(x)).nanCount);
    };
    check(minMaxAxis(x, view), byAxis);
    check(await minMaxAxisAsync(x, view), byAxis);
    check(minMaxBlocks(x, view, blockSize), byBlock);
    check(await minMaxBlocksAsync(x, view, blockSize), byBlock);
  });

  test('refuses what is no Float32Array', () => {
    expect(() => minMax(new Float64Array(3) as unknown as Float32Array)).toThrow(
      expect.objectContaining({
        code: 'ERR_WRONG_TYPE',
        message: 'x: expected Float32Array, received Float64Array',
      }),
    );
  });
});
