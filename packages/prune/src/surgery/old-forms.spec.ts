import { GraphBuilder, Tensor, type Value } from '@gossamer/graph';
import { groupsOf } from '../groups/groups-of.js';
import { checkRemoval, noise } from '../testing/check-removal.js';
import type { Feeds } from '@gossamer/runtime';

/** A network whose first layer has 8 features, in a given opset, with what is between. */
interface Case {
  readonly opset: number;
  readonly build: (g: GraphBuilder, x: Value) => Value;
}

const weight = (g: GraphBuilder, dims: readonly number[], seed = 1) =>
  g.weight('w', dims, noise(dims, seed).toFloat32());
const conv = (g: GraphBuilder, x: Value, from: number, to: number, group = 1) =>
  g.op('Conv', [x, weight(g, [to, from / group, 1, 1], from + to)], { group });
const sizes = (g: GraphBuilder, ...values: number[]) => g.constant(values);

const CASES: Readonly<Record<string, Case>> = {
  'Slice with attributes': {
    opset: 9,
    build: (g, x) =>
      g.op('Concat', [g.op('Slice', [x], { axes: [1], starts: [-6], ends: [2 ** 31 - 1] }), conv(g, x, 8, 2)], {
        axis: 1,
      }),
  },
  'Upsample with constant scales': {
    opset: 9,
    build: (g, x) => g.op('Upsample', [x, g.constant([1, 1, 2, 2], 'float32')], { mode: 'nearest' }),
  },
  'Split with sizes as an attribute': {
    opset: 11,
    build: (g, x) => {
      const parts = g.ops('Split', [x], { axis: 1, split: [2, 6] }, { outputs: 2 });
      return g.op('Concat', [g.op('Relu', [parts[1]!]), g.op('Neg', [parts[0]!])], { axis: 1 });
    },
  },
  'Split into equal parts that are no longer equal': {
    opset: 11,
    build: (g, x) =>
      g.op(
        'Concat',
        g.ops('Split', [x], { axis: 1 }, { outputs: 2 }).map((y) => g.op('Tanh', [y])),
        { axis: 1 },
      ),
  },
  'Split by a number of outputs': {
    opset: 18,
    build: (g, x) =>
      g.op(
        'Concat',
        g.ops('Split', [x], { axis: 1, num_outputs: 2 }, { outputs: 2 }).map((y) => g.op('Tanh', [y])),
        { axis: 1 },
      ),
  },
  'Pad with attributes': { opset: 9, build: (g, x) => g.op('Pad', [x], { pads: [0, 0, 1, 0, 0, 0, 0, 1] }) },
  'Squeeze and Unsqueeze with attributes': {
    opset: 11,
    build: (g, x) => g.op('Squeeze', [g.op('Relu', [g.op('Unsqueeze', [x], { axes: [2] })])], { axes: [2] }),
  },
  'Clip with attributes, Dropout': {
    opset: 9,
    build: (g, x) => g.op('Dropout', [g.op('Clip', [x], { min: -0.25, max: 0.25 })], { ratio: 0.5 }),
  },
  'Resize to sizes': {
    opset: 17,
    build: (g, x) => g.op('Resize', [x, undefined, undefined, sizes(g, 1, 8, 6, 6)], { mode: 'linear' }),
  },
  'GroupNormalization with parameters a channel': {
    opset: 21,
    build: (g, x) => g.op('GroupNormalization', [x, weight(g, [8]), weight(g, [8], 2)], { num_groups: 4 }),
  },
  'a grouped ConvTranspose': {
    opset: 17,
    build: (g, x) =>
      g.op('ConvTranspose', [x, weight(g, [8, 4, 2, 2]), weight(g, [8], 2)], { group: 2, strides: [2, 2] }),
  },
  'a depthwise ConvTranspose': {
    opset: 17,
    build: (g, x) =>
      g.op('ConvTranspose', [x, weight(g, [8, 1, 2, 2]), weight(g, [8], 2)], { group: 8, strides: [2, 2] }),
  },
  'quantized activations': {
    opset: 17,
    build: (g, x) => {
      const scale = [g.constant(0.01, 'float32'), g.constant(3, 'uint8')];
      return g.op('DequantizeLinear', [g.op('QuantizeLinear', [x, ...scale]), ...scale]);
    },
  },
  'weights in Constant nodes': {
    opset: 17,
    build: (g, x) => {
      const value = g.op('Constant', [], { value: noise([8, 8, 1, 1], 5) });
      return g.op('Conv', [x, g.op('Transpose', [value], { perm: [1, 0, 2, 3] })]);
    },
  },
  'a channel that is read from the middle': {
    opset: 17,
    build: (g, x) =>
      g.op('Mul', [x, g.op('Unsqueeze', [g.op('Gather', [x, g.constant(5)], { axis: 1 }), g.constant([1])])]),
  },
};

test.each(Object.entries(CASES))('%s: removed is masked', async (_, { opset, build }) => {
  const g = new GraphBuilder('g', { opset, irVersion: opset >= 21 ? 10 : 8 });
  const first = conv(g, g.input('x', 'float32', [1, 3, 4, 4]), 3, 8);
  const model = g.output(conv(g, build(g, first), 8, 2), 'y').model();
  const feeds: Feeds = { x: noise([1, 3, 4, 4], 7) };
  // The unit with element 1 of the first layer, and one more that does not belong to it.
  const units = groupsOf(model).groups.flatMap((group) => group.units.slice(1, group.units.length > 4 ? 3 : 2));
  expect(units.length).toBeGreaterThan(0);
  const { kept, removed } = await checkRemoval(model, feeds, units);
  expect([kept, removed.length]).toEqual([[], units.length]);
});

test('an LSTM with states of its own and two more outputs', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [5, 1, 3]);
  const states = [weight(g, [1, 1, 4], 4), weight(g, [1, 1, 4], 5)];
  const inputs = [x, weight(g, [1, 16, 3]), weight(g, [1, 16, 4], 2), weight(g, [1, 32], 3), undefined, ...states];
  const outputs = g.ops('LSTM', inputs, { hidden_size: 4 }, { outputs: 3 });
  const heads = outputs.map((y, i) => g.op('MatMul', [y, weight(g, [4, 2], 6 + i)]));
  heads.forEach((y, i) => g.output(y, `y${i}`));
  const model = g.model();
  const { kept } = await checkRemoval(model, { x: noise([5, 1, 3], 9) }, groupsOf(model).groups[0]!.units.slice(1, 3));
  expect(kept).toEqual([]);
});

test('what a Constant node held before stays a tensor of its dtype', async () => {
  const g = new GraphBuilder('g');
  const table = g.op('Constant', [], { value: Tensor.fromNumbers('float16', [6, 4], noise([24], 3).toFloat32()) });
  const rows = g.op('Cast', [g.op('Gather', [table, g.input('ids', 'int64', [3])])], { to: 1 });
  const model = g.output(g.op('MatMul', [rows, weight(g, [4, 2])]), 'y').model();
  const { units } = groupsOf(model).groups[0]!;
  const { model: pruned } = await checkRemoval(model, { ids: Tensor.fromNumbers('int64', [3], [5, 0, 2]) }, [
    units[2]!,
  ]);
  expect([...pruned.graph.nodes()][0]!.output.constant).toMatchObject({ dtype: 'float16', dims: [6, 3] });
});
