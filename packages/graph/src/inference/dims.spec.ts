import fc from 'fast-check';
import { addDims, bindDim, type Dim, multiplyDims, symbol } from '../ir/dim.js';
import {
  boundedDim,
  broadcastDims,
  broadcastShapes,
  ceilDivideDims,
  clampedDim,
  functionOfDims,
  isNonNegative,
  isPositive,
  minDims,
  sliceBounds,
  sliceLength,
} from './dims.js';

const n = symbol('n');
const m = symbol('m');
const text = (dim: Dim | false): string => String(dim);

describe('functionOfDims', () => {
  it('is equal for equal operands, and a number once bound', () => {
    const area = functionOfDims('area', [n, 3], (a, b) => a * b);
    expect(text(area)).toBe(text(functionOfDims('area', [symbol('n'), 3], (a, b) => a * b)));
    expect(bindDim(addDims(area, 1), { n: 4 })).toBe(13);
    expect(functionOfDims('area', [2, 3], (a, b) => a * b)).toBe(6);
    expect(functionOfDims('area', [undefined, 3], (a, b) => a * b)).toBeUndefined();
  });
});

test('symbols are sizes, so sums of them are not negative and one more is positive', () => {
  expect([n, addDims(n, m), multiplyDims(n, 2), 0].map(isNonNegative)).toEqual([true, true, true, true]);
  expect([addDims(n, -1), multiplyDims(n, -1), -1, undefined].map(isNonNegative)).toEqual([false, false, false, false]);
  expect([addDims(n, 1), n, 1, 0].map(isPositive)).toEqual([true, false, true, false]);
});

test('min and max take the side that is always smaller or larger', () => {
  expect(text(minDims(n, addDims(n, 2)))).toBe('n');
  expect(text(minDims(addDims(n, m), m))).toBe('m');
  expect(text(minDims(n, m))).toBe('min(n,m)');
  expect(text(clampedDim(addDims(n, 1)))).toBe('n+1');
  expect(bindDim(clampedDim(addDims(n, -3)), { n: 1 })).toBe(0);
});

test('a size and itself cut to a limit align only where they are equal', () => {
  expect(text(broadcastDims(n, minDims(n, 512)) as Dim)).toBe('n');
  expect(text(broadcastDims(minDims(512, n), n) as Dim)).toBe('n');
  // A file may call a size `min(n,512)`: that is a name, and says nothing.
  for (const other of [symbol('min(n,512)'), minDims(n, m), minDims(m, 512), addDims(minDims(n, 512), 1)]) {
    expect(text(broadcastDims(n, other) as Dim)).toMatch(/^broadcast/);
  }
});

test('broadcasting picks the side that is not 1', () => {
  expect(broadcastDims(1, 5)).toBe(5);
  expect(text(broadcastDims(n, 1))).toBe('n');
  expect(text(broadcastDims(n, n))).toBe('n');
  expect(broadcastDims(n, 5)).toBe(5);
  expect(broadcastDims(undefined, 5)).toBe(5);
  expect(broadcastDims(undefined, 1)).toBeUndefined();
  expect(broadcastDims(4, 5)).toBe(false);
  expect(bindDim(broadcastDims(n, m) as Dim, { n: 1, m: 7 })).toBe(7);
  expect(text(broadcastShapes([[n, 1], [3]]) as unknown as Dim)).toBe('n,3');
  expect(broadcastShapes([[2], [3]])).toBe(false);
});

test('ceil of a symbol keeps what divides', () => {
  expect(text(ceilDivideDims(multiplyDims(n, 4), 4))).toBe('n');
  expect(bindDim(ceilDivideDims(n, 3), { n: 7 })).toBe(3);
});

test('expressions that grow without bound become unknown', () => {
  let sum: Dim = 0;
  for (let i = 0; i < 70; i++) sum = addDims(sum, symbol(`s${i}`));
  expect(boundedDim(sum)).toBeUndefined();
  expect(boundedDim(symbol('x'.repeat(2000)))).toBeUndefined();
});

describe('sliceLength', () => {
  /** What Slice of the standard takes, element by element. */
  function taken(size: number, start: number, end: number, step: number): number {
    const { first, last } = sliceBounds(size, start, end, step);
    let count = 0;
    for (let at = first; step > 0 ? at < last : at > last; at += step) count++;
    return count;
  }

  const bound = fc.oneof(fc.integer({ min: -12, max: 12 }), fc.constantFrom(2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 31 - 1));
  const step = fc.integer({ min: -3, max: 3 }).filter((value) => value !== 0);

  it('counts what a slice takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), bound, bound, step, (size, start, end, by) => {
        expect(sliceLength(size, start, end, by)).toBe(taken(size, start, end, by));
      }),
    );
  });

  it('gives the same for a symbol that is bound afterwards', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), bound, bound, step, (size, start, end, by) => {
        expect(bindDim(sliceLength(n, start, end, by), { n: size })).toBe(taken(size, start, end, by));
      }),
    );
  });

  it('keeps the size of a slice to the end, whatever it is', () => {
    expect(sliceLength(undefined, 0, 2 ** 31 - 1, 1)).toBeUndefined();
    expect(text(sliceLength(n, 0, Number.MAX_SAFE_INTEGER, 1))).toBe('n');
    expect(text(sliceLength(n, -1, -Number.MAX_SAFE_INTEGER, -1))).toBe('n');
    expect(text(sliceLength(addDims(n, 4), n, addDims(n, 2), 1))).toBe('2');
  });
});
