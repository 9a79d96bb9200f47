import { checkGradient } from '../testing/check-gradient.js';

test.each<[number, number[], number[]]>([
  [0, [2, 0, 2, -1], [4]],
  [1, [1, -1, 1, 0], [2, 2]],
  [-1, [3], []],
])('Gather along %i of %j', (axis, indices, dims) => {
  checkGradient({ x: { shape: [3, 2, 4] } }, (g, { x }) =>
    g.op('Gather', [x, g.constant(indices, 'int64', dims)], { axis }),
  );
});

test('GatherElements', () => {
  checkGradient({ x: { shape: [2, 3] } }, (g, { x }) =>
    g.op('GatherElements', [x, g.constant([0, 2, 0, -1, 1, 1, 0, 2], 'int64', [2, 4])], { axis: 1 }),
  );
});

test('GatherND', () => {
  checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) =>
    g.op('GatherND', [x, g.constant([0, 2, 1, -1, 0, 2], 'int64', [3, 2])]),
  );
  checkGradient({ x: { shape: [2, 3, 4] } }, (g, { x }) =>
    g.op('GatherND', [x, g.constant([-1, 0, 0, 2, 1, 1], 'int64', [2, 3, 1])], { batch_dims: 1 }),
  );
});

test.each(['none', 'add'])('ScatterElements, %s', (reduction) => {
  checkGradient({ x: { shape: [3, 2] }, updates: { shape: [2, 2] } }, (g, { x, updates }) => {
    const indices = g.constant([0, -1, 2, 0], 'int64', [2, 2]);
    return g.op('ScatterElements', [x, indices, updates], { axis: 0, reduction });
  });
});

test.each(['none', 'add'])('ScatterND, %s', (reduction) => {
  checkGradient({ x: { shape: [3, 2] }, updates: { shape: [2, 2] } }, (g, { x, updates }) =>
    g.op('ScatterND', [x, g.constant([2, 0], 'int64', [2, 1]), updates], { reduction }),
  );
});

test('a scatter by products is refused', () => {
  const run = () =>
    checkGradient({ x: { shape: [3] } }, (g, { x }) =>
      g.op('ScatterND', [x, g.constant([2], 'int64', [1, 1]), g.constant([2], 'float32')], { reduction: 'mul' }),
    );
  expect(run).toThrow(expect.objectContaining({ code: 'ERR_NO_GRADIENT' }) as Error);
});
