import { leNet5, tinyLm } from '@gossamer/graph/zoo';
import { groupsOf } from '../groups/groups-of.js';
import { roundKept } from './round-kept.js';
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
