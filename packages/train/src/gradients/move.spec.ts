import { checkGradient } from '../testing/check-gradient.js';
import { checkLowering } from '../testing/check-lowering.js';

test('Transpose', () => {
  checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) => g.op('Transpose', [x], { perm: [1, 2, 0] }));
  checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) => g.op('Transpose', [x]));
});

test('Concat', () => {
  checkGradient({ a: { shape: [2, 3] }, b: { shape: [2, 1] } }, (g, { a, b }) =>
    g.op('Concat', [a, b, a], { axis: -1 }),
  );
});

test('Split, one part unused', () => {
  checkGradient({ x: { shape: [2, 6] } }, (g, { x }) => {
    const parts = g.ops('Split', [x, g.int64([1, 2, 3])], { axis: -1 }, { outputs: 3 });
    return g.mul(parts[0]!, g.op('Sin', [parts[2]!]));
  });
});

test.each<[number[], number[], number[] | undefined, number[] | undefined]>([
  [[1], [3], undefined, undefined],
  [
    [1, -3],
    [100, -1],
    [0, 2],
    [1, 1],
  ],
  [
    [0, 1],
    [4, 6],
    [0, -1],
    [2, 3],
  ],
  [
    [-1, 100],
    [-100, 0],
    [0, 2],
    [-1, -2],
  ],
  [[2], [2], [1], [1]],
  [[1], [4], [0], [2 ** 40]],
  [[-1], [-100], [2], [-(2 ** 40)]],
])('Slice %j:%j of axes %j, step %j', (starts, ends, axes, steps) => {
  checkGradient({ x: { shape: [4, 3, 6] } }, (g, { x }) =>
    g.op('Slice', [x, g.int64(starts), g.int64(ends), axes && g.int64(axes), steps && g.int64(steps)]),
  );
});

test.each<[string, number[], number[] | undefined]>([
  ['constant', [1, 0, 2, 3], undefined],
  ['constant', [-1, 2, 1, -2], undefined],
  ['reflect', [2, 1, 1, 3], undefined],
  ['reflect', [7, -1], [1]],
  ['edge', [2, 0, -1, 3], undefined],
  ['wrap', [4, 1, 2, 9], undefined],
  ['constant', [-4, 0, 6, 0], undefined],
])('Pad %s by %j of axes %j', (mode, pads, axes) => {
  checkGradient({ x: { shape: [3, 4] } }, (g, { x }) =>
    g.op('Pad', [x, g.int64(pads), undefined, axes && g.int64(axes)], { mode }),
  );
});

test('Pad by its fill value', () => {
  checkGradient({ x: { shape: [3, 4] }, fill: { shape: [] } }, (g, { x, fill }) =>
    g.op('Pad', [x, g.int64([1, -1, 2, 3]), fill]),
  );
});

test('Expand and Tile', () => {
  checkGradient({ x: { shape: [3, 1] } }, (g, { x }) => g.op('Expand', [x, g.int64([2, 1, 4])]));
  checkGradient({ x: { shape: [2, 3] } }, (g, { x }) => g.op('Tile', [x, g.int64([2, 3])]));
});

test.each(['DCR', 'CRD'])('DepthToSpace %s', (mode) => {
  checkLowering({ x: { shape: [2, 8, 2, 3] } }, (g, { x }) => g.op('DepthToSpace', [x], { mode, blocksize: 2 }));
});

test('SpaceToDepth', () => {
  checkLowering({ x: { shape: [2, 2, 4, 6] } }, (g, { x }) => g.op('SpaceToDepth', [x], { blocksize: 2 }));
});
