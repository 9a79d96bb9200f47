import { attribute, Graph, GraphBuilder, type Model, Tensor, tensorType, type Value } from '@gossamer/graph';
import { noise } from '../testing/check-removal.js';
import { groupsOf } from './groups-of.js';

const weight = (g: GraphBuilder, dims: readonly number[]) => g.weight('w', dims, noise(dims, 1).toFloat32());
const conv = (g: GraphBuilder, x: Value, from: number, to: number, group = 1, name = 'conv') =>
  g.op('Conv', [x, weight(g, [to, from / group, 1, 1])], { group }, { name });

/** What is between a first and a last convolution of 8 channels over [1, 8, 4, 4]. */
function between(build: (g: GraphBuilder, x: Value) => Value, channels = 8): Model {
  const g = new GraphBuilder('g');
  const x = conv(g, g.input('x', 'float32', [1, 3, 4, 4]), 3, channels, 1, 'first');
  const y = build(g, x);
  return g.output(g.op('ReduceMax', [y], { axes: [1], keepdims: 0 }), 'y').model();
}

/** The elements of each unit on the axes of the first convolution's output, by group. */
function partition(model: Model, value = 'first_out'): number[][][] {
  return groupsOf(model).groups.flatMap(({ units }) => {
    const own = units.flatMap(({ slices }) =>
      slices.filter((s) => s.value.name === value && s.axis === 1).map((s) => [...s.indices]),
    );
    return own.length > 0 ? [own] : [];
  });
}

const closed = (g: GraphBuilder, x: Value, channels: number) => conv(g, x, channels, 2, 1, 'last');
const singles = (count: number) => Array.from({ length: count }, (_, i) => [i]);

test.each<[string, Model, number[][][]]>([
  ['a convolution', between((g, x) => closed(g, x, 8)), [singles(8)]],
  ['depthwise', between((g, x) => closed(g, conv(g, x, 8, 8, 8), 8)), [singles(8)]],
  [
    'grouped: the same place of each group',
    between((g, x) => closed(g, conv(g, x, 8, 4, 2), 4)),
    [
      [
        [0, 4],
        [1, 5],
        [2, 6],
        [3, 7],
      ],
    ],
  ],
  ['a residual sum', between((g, x) => closed(g, g.op('Add', [x, conv(g, x, 8, 8)]), 8)), [singles(8)]],
  [
    'a concatenation keeps parts apart',
    between((g, x) => closed(g, g.op('Concat', [conv(g, x, 8, 4), x], { axis: 1 }), 12)),
    [singles(8)],
  ],
  [
    'parts of a Split are groups of their own',
    between((g, x) => {
      const [a, b] = g.ops('Split', [x, g.constant([2, 6])], { axis: 1 }, { outputs: 2 });
      return g.op('Add', [closed(g, a!, 2), closed(g, b!, 6)]);
    }),
    [
      [[0], [1]],
      [[2], [3], [4], [5], [6], [7]],
    ],
  ],
  [
    'DepthToSpace, blocks a stretch apart',
    between((g, x) => closed(g, g.op('DepthToSpace', [x], { blocksize: 2 }), 2)),
    [
      [
        [0, 2, 4, 6],
        [1, 3, 5, 7],
      ],
    ],
  ],
  [
    'DepthToSpace, blocks side by side',
    between((g, x) => closed(g, g.op('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' }), 2)),
    [
      [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
      ],
    ],
  ],
  [
    'a shuffle of two halves pairs places where a grouped convolution follows',
    between((g, x) => {
      const parts = g.op('Transpose', [g.op('Reshape', [conv(g, x, 8, 8, 2), g.constant([1, 2, 4, 4, 4])])], {
        perm: [0, 2, 1, 3, 4],
      });
      return closed(g, g.op('Reshape', [parts, g.constant([1, 8, 4, 4])]), 8);
    }),
    [
      [
        [0, 4],
        [1, 5],
        [2, 6],
        [3, 7],
      ],
    ],
  ],
  [
    'a Gather that repeats and drops channels',
    between((g, x) => closed(g, g.op('Gather', [x, g.constant([1, 1, -1])], { axis: 1 }), 3)),
    [[[0], [2], [3], [4], [5], [6]], [[1]], [[7]]],
  ],
])('units of %s', (_, model, expected) => {
  expect(partition(model).map((units) => units.sort((a, b) => a[0]! - b[0]!))).toEqual(expected);
});

test('Flatten: a channel is a block of columns', () => {
  const g = new GraphBuilder('g');
  const x = conv(g, g.input('x', 'float32', ['n', 3, 2, 3]), 3, 4);
  const flat = g.op('Flatten', [x]);
  const model = g.output(g.op('Gemm', [flat, weight(g, [24, 5])], {}, { name: 'fc' }), 'y').model();
  const { groups, frozen } = groupsOf(model);
  const [group] = groups;
  expect(groups).toHaveLength(1);
  expect(group).toMatchObject({ id: 'conv', kind: 'channel' });
  expect(
    group!.units[1]!.members.map(({ value, axis, indices, role }) => [value.name, axis, [...indices], role]),
  ).toEqual([
    ['w', 0, [1], 'output'],
    ['w_1', 0, [6, 7, 8, 9, 10, 11], 'input'],
  ]);
  expect(frozen).toEqual([{ layer: 'fc', count: 5, reason: 'y is an output of the graph' }]);
});

test('one product for queries, keys and values: heads, by the middle axis of three', () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 5, 8]);
  const parts = g.op('Reshape', [
    g.op('MatMul', [x, weight(g, [8, 3 * 2 * 4])], {}, { name: 'qkv' }),
    g.constant([0, 5, 3, 2, 4]),
  ]);
  const turned = g.op('Transpose', [parts], { perm: [2, 0, 3, 1, 4] });
  const [q, k, v] = [0, 1, 2].map((i) => g.op('Gather', [turned, g.constant(i)], { axis: 0 }));
  const scores = g.op('Softmax', [g.op('MatMul', [q!, g.op('Transpose', [k!], { perm: [0, 1, 3, 2] })])], { axis: -1 });
  const mixed = g.op('Transpose', [g.op('MatMul', [scores, v!])], { perm: [0, 2, 1, 3] });
  const merged = g.op('Reshape', [mixed, g.constant([0, 5, 8])]);
  const model = g.output(g.op('MatMul', [merged, weight(g, [8, 8])]), 'y').model();
  const { groups } = groupsOf(model);
  expect(groups.map(({ id, kind, units }) => [id, kind, units.length])).toEqual([['qkv', 'head', 2]]);
  const [rows, columns] = groups[0]!.units[1]!.members;
  expect([...rows!.indices]).toEqual([4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23]);
  expect([...columns!.indices]).toEqual([4, 5, 6, 7]);
});

test('an LSTM: a unit is a row of every gate and a column of R', () => {
  const g = new GraphBuilder('g');
  const inputs = [g.input('x', 'float32', [5, 1, 2]), weight(g, [1, 12, 2]), weight(g, [1, 12, 3]), weight(g, [1, 24])];
  const y = g.op('Squeeze', [g.op('LSTM', inputs, { hidden_size: 3 }, { name: 'rnn' }), g.constant([1])]);
  const model = g.output(g.op('MatMul', [y, weight(g, [3, 2])]), 'y').model();
  const [group] = groupsOf(model).groups;
  expect(group).toMatchObject({ id: 'rnn', kind: 'unit' });
  expect(group!.units[2]!.members.map(({ value, axis, indices }) => [value.name, axis, [...indices]])).toEqual([
    ['w', 1, [2, 5, 8, 11]],
    ['w_1', 1, [2, 5, 8, 11]],
    ['w_1', 2, [2]],
    ['w_2', 1, [2, 5, 8, 11, 14, 17, 20, 23]],
    ['w_3', 0, [2]],
  ]);
});

test.each<[string, (g: GraphBuilder, x: Value) => Value, RegExp]>([
  [
    'the axis of a Softmax',
    (g, x) => g.op('Softmax', [x], { axis: 1 }, { name: 'probabilities' }),
    /^probabilities \(Softmax\): axis 1/,
  ],
  [
    'the axis of a mean',
    (g, x) => g.op('ReduceMean', [x], { axes: [1] }, { name: 'mean' }),
    /^mean \(ReduceMean\): axis 1/,
  ],
  [
    'an operator without a rule',
    (g, x) => g.op('Custom', [x], {}, { name: 'own', domain: 'example' }),
    /^own \(example::Custom\): axis/,
  ],
  [
    'a computed shape',
    (g, x) => g.op('Reshape', [x, g.op('Mul', [g.op('Shape', [x]), g.constant(1)])], {}, { name: 'view' }),
    /\((Shape|Reshape)\): axis/,
  ],
  [
    'features of a normalisation',
    (g, x) => g.op('LayerNormalization', [x, weight(g, [8, 4, 4])], { axis: 1 }, { name: 'norm' }),
    /^norm \(LayerNormalization\)/,
  ],
])('frozen: %s, and the reason names the node', (_, build, reason) => {
  const { groups, frozen } = groupsOf(between(build));
  expect(groups).toEqual([]);
  expect(frozen.find(({ layer }) => layer === 'first')).toMatchObject({
    count: 8,
    reason: expect.stringMatching(reason) as string,
  });
});

/** An If with a ReLU of `x` in each branch, and what it gives out. */
function eitherRelu(g: GraphBuilder, x: Value): Value {
  const bodies = ['then', 'else'].map((name) => {
    const body = new Graph(name);
    const node = body.add({ op: 'Relu', inputs: [x], outputs: [`${name}_out`] });
    body.setType(node.output, tensorType('float32', [1, 8, 4, 4]));
    body.addOutput(node.output);
    return attribute.graph(body);
  });
  const condition = g.graph.addInitializer('condition', Tensor.fromNumbers('bool', [], [1]));
  return g.op('If', [condition], { then_branch: bodies[0]!, else_branch: bodies[1]! }, { name: 'choice' });
}

test('branches of an If: what they read, what they make and what it gives out go together', () => {
  const model = between((g, x) => closed(g, eitherRelu(g, x), 8));
  const [group] = groupsOf(model).groups;
  expect(group!.units).toHaveLength(8);
  expect(group!.units[3]!.slices.map(({ value, axis, indices }) => [value.name, axis, ...indices])).toEqual(
    expect.arrayContaining([
      ['first_out', 1, 3],
      ['then_out', 1, 3],
      ['else_out', 1, 3],
      ['choice_out', 1, 3],
    ]),
  );
});

test('frozen: what a body gives out where a branch is of another shape, named with its node', () => {
  const model = between((g, x) => {
    const y = eitherRelu(g, x);
    const [, other] = y.producer!.subgraphs();
    other!.setType(other!.outputs[0]!, tensorType('float32', undefined));
    const node = [...other!.nodes()][0]!;
    other!.setInput(node, 0, other!.addInitializer('none', Tensor.fromNumbers('float32', [1], [1])));
    return closed(g, y, 8);
  });
  const { frozen } = groupsOf(model);
  expect(frozen.find(({ layer }) => layer === 'first')!.reason).toMatch(/choice \(If\)/);
});

test('features of a LayerNormalization go where that is allowed, and are marked', () => {
  const g = new GraphBuilder('g');
  const x = g.op('MatMul', [g.input('x', 'float32', ['n', 4]), weight(g, [4, 6])]);
  const normed = g.op('LayerNormalization', [x, weight(g, [6]), weight(g, [6])], { axis: -1 }, { name: 'norm' });
  const model = g.output(g.op('MatMul', [normed, weight(g, [6, 3])]), 'y').model();
  expect(groupsOf(model).groups).toEqual([]);
  const { groups } = groupsOf(model, { allowInexact: true });
  expect(groups.map(({ units }) => units.map(({ inexact }) => inexact))).toEqual([
    Array(6).fill('norm (LayerNormalization): statistics over what is removed change'),
  ]);
});

test.each([
  [2 ** 27, 'ERR_PRUNE_SIZE'],
  [2 ** 40, 'ERR_PRUNE_SIZE'],
])('too many elements of axes (%d) end in an error', (length, code) => {
  const g = new GraphBuilder('g');
  const model = g.output(g.op('Relu', [g.input('x', 'float32', [length])]), 'y').model();
  expect(() => groupsOf(model)).toThrow(expect.objectContaining({ code }));
});

test('a long frozen axis is no obstacle', () => {
  const g = new GraphBuilder('g');
  const model = g.output(g.op('Relu', [g.input('x', 'float32', [9_000_000])]), 'y').model();
  expect(groupsOf(model)).toEqual({ groups: [], frozen: [] });
});
