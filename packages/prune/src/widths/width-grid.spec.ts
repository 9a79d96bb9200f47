import { leNet5, tinyLm } from '@gossamer/graph/zoo';
import { groupsOf } from '../groups/groups-of.js';
import { roundKept } from './round-kept.js';
import { efficientGrid } from './efficient-grid.js';
import { int8Grid } from './int8-grid.js';
import { floatGrid, measuredGrid } from './width-grid.js';

test.each([
  [1, 64, 8],
  [11, 64, 8],
  [12, 64, 16],
  [31, 64, 32],
  [39, 64, 32],
  [40, 64, 48],
  [60, 60, 60],
  [3, 5, 5],
])('floats: %i of %i wanted keeps %i', (wanted, total, expected) => {
  expect(floatGrid(wanted, total)).toBe(expected);
});

test('measured: the widest width that costs no more', () => {
  const grid = measuredGrid([
    { width: 8, cost: 3 },
    { width: 12, cost: 5 },
    { width: 16, cost: 4 },
    { width: 32, cost: 9 },
  ]);
  expect([1, 9, 13, 17, 33].map((wanted) => grid(wanted, 40))).toEqual([8, 16, 16, 32, 40]);
  expect(grid(13, 14)).toBe(14);
});

test('efficient: the nearest width that does more for its cost than narrower ones', () => {
  const costs = [4, 9, 15, 16, 26, 36, 48, 50].map((cost, i) => ({ width: 8 * (i + 1), cost }));
  // 64 / 4 = 16, 256 / 9 = 28, 38, 64, 62, 64, 65, 82: 40 and 48 do no more than 32.
  const grid = efficientGrid(costs, 8);
  expect([1, 12, 30, 38, 43, 44, 59, 60, 70, 85].map((wanted) => grid(wanted, 200))).toEqual([
    8, 16, 32, 32, 32, 56, 56, 64, 72, 88,
  ]);
  expect(grid(30, 31)).toBe(31);
  // 12 does more than 8 for its cost, but 16 costs less.
  const beaten = efficientGrid(
    [8, 12, 16].map((width, i) => ({ width, cost: [10, 15, 11][i]! })),
    8,
  );
  expect([9, 11, 12, 13].map((wanted) => beaten(wanted, 64))).toEqual([8, 8, 16, 16]);
});

test('int8: multiples of 16 from the measured costs, beyond them too', () => {
  for (const wanted of [33, 37, 50, 66, 100, 150]) expect(int8Grid(wanted, 512) % 4).toBe(0);
  expect([15, 31, 33, 49, 127, 130, 500].map((wanted) => int8Grid(wanted, 512))).toEqual([
    16, 32, 32, 48, 128, 128, 496,
  ]);
});

test.each([
  [[]],
  [
    [
      { width: 8, cost: 1 },
      { width: 8, cost: 2 },
    ],
  ],
  [[{ width: 8, cost: Number.NaN }]],
  [[{ width: 1.5, cost: 1 }]],
  [[{ width: 8, cost: 0 }]],
])('no table: %j', (table) => {
  expect(() => measuredGrid(table)).toThrow(expect.objectContaining({ code: 'ERR_PRUNE_OPTION' }));
});

test('units of a group: channels one by one, heads by their rows', () => {
  const [first, second] = groupsOf(leNet5()).groups;
  expect([
    roundKept(first!, 13, floatGrid),
    roundKept(second!, 35, floatGrid),
    roundKept(second!, 0, floatGrid),
  ]).toEqual([16, 32, 8]);
  // Heads of 32: any number of them is on the grid.
  const heads = groupsOf(tinyLm()).groups.find(({ kind }) => kind === 'head')!;
  expect([1, 2, 5].map((kept) => roundKept(heads, kept, floatGrid))).toEqual([1, 2, 5]);
});
