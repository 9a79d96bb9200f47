import fc from 'fast-check';
import {
  addDims,
  bindDim,
  type Dim,
  divideDims,
  equalDims,
  floorDivideDims,
  multiplyDims,
  subtractDims,
  symbol,
} from './dim.js';

const n = symbol('n');
const h = symbol('h');

test('equal expressions unify whatever their history', () => {
  expect(equalDims(addDims(n, addDims(n, 1)), addDims(multiplyDims(2, n), 1))).toBe(true);
  expect(equalDims(multiplyDims(n, h), multiplyDims(h, n))).toBe(true);
  expect(subtractDims(addDims(n, 5), n)).toBe(5);
  expect(equalDims(undefined, undefined)).toBe(false);
  expect(String(addDims(multiplyDims(2, n), 1))).toBe('2*n+1');
});

test('division', () => {
  expect(equalDims(divideDims(multiplyDims(n, multiplyDims(h, 6)), multiplyDims(n, 2)), multiplyDims(h, 3))).toBe(true);
  expect(divideDims(n, h)).toBeUndefined();
  expect(equalDims(floorDivideDims(addDims(multiplyDims(4, n), 3), 2), addDims(multiplyDims(2, n), 1))).toBe(true);
  expect(bindDim(floorDivideDims(addDims(n, 1), 2), { n: 8 })).toBe(4);
  expect(() => floorDivideDims(n, 0)).toThrow(expect.objectContaining({ code: 'ERR_DIM_DIVISOR' }) as Error);
});

test.each([
  ['(h-1)/2+1 is (h+1)/2', addDims(floorDivideDims(addDims(h, -1), 2), 1), floorDivideDims(addDims(h, 1), 2)],
  ['h/2/2 is h/4', floorDivideDims(floorDivideDims(h, 2), 2), floorDivideDims(h, 4)],
  [
    '(h/5-3)/2 is (h-15)/10',
    floorDivideDims(addDims(floorDivideDims(h, 5), -3), 2),
    floorDivideDims(addDims(h, -15), 10),
  ],
  ['3h/2 is h+h/2', floorDivideDims(multiplyDims(3, h), 2), addDims(h, floorDivideDims(h, 2))],
  ['-h/2 is h/2-h', floorDivideDims(multiplyDims(-1, h), 2), subtractDims(floorDivideDims(h, 2), h)],
])('floors have one spelling: %s', (_, a, b) => {
  expect(String(a)).toBe(String(b));
});

type Both = readonly [Dim, (n: number, h: number) => number];
const expression: fc.Arbitrary<Both> = fc.letrec<{ e: Both }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: 0, max: 9 }).map((value): Both => [value, () => value]),
    fc.constant<Both>([n, (a) => a]),
    fc.constant<Both>([h, (_, b) => b]),
    fc.tuple(tie('e'), tie('e')).map(([x, y]): Both => [addDims(x[0], y[0]), (a, b) => x[1](a, b) + y[1](a, b)]),
    fc.tuple(tie('e'), tie('e')).map(([x, y]): Both => [multiplyDims(x[0], y[0]), (a, b) => x[1](a, b) * y[1](a, b)]),
    fc
      .tuple(tie('e'), fc.integer({ min: 1, max: 4 }))
      .map(([x, d]): Both => [floorDivideDims(x[0], d), (a, b) => Math.floor(x[1](a, b) / d)]),
  ),
})).e;

test('binding an expression equals computing with the numbers', () => {
  fc.assert(
    fc.property(expression, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }), ([dim, value], a, b) => {
      expect(bindDim(dim, { n: a, h: b })).toBe(value(a, b));
    }),
  );
});

test('a product of long sums is given up as unknown, in bounded time', () => {
  const sums = Array.from({ length: 8 }, (_, k) =>
    Array.from({ length: 40 }, (_, i) => symbol(`s${k}_${i}`)).reduce<Dim>((sum, item) => addDims(sum, item), 0),
  );
  expect(sums.reduce<Dim>((product, dim) => multiplyDims(product, dim), 1)).toBeUndefined();
  // What models have stays exact: (a + b)(c + d) = ac + ad + bc + bd.
  const sum = (a: string, b: string) => addDims(symbol(a), symbol(b));
  expect(String(multiplyDims(sum('a', 'b'), sum('c', 'd')))).toBe('a*c+a*d+b*c+b*d');
});
