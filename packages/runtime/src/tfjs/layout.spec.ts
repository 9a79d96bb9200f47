import { GraphBuilder, type Value } from '@gossamer/graph';
import * as tf from '@tensorflow/tfjs-core';
import { Session } from '../session/session.js';
import { expectLike, randomNumbers, randomTensor } from './testing/compare.js';

type Build = (g: GraphBuilder, y: Value, other: Value) => Value | readonly Value[];

const numbers = (...dims: number[]) => randomTensor(randomNumbers(dims.length), ...dims).toFloat32();
const weight = (g: GraphBuilder, ...dims: number[]) => g.weight(g.graph.uniqueName('w'), dims, numbers(...dims));
const scalar = (g: GraphBuilder, value: number) => g.constant(value, 'float32');

/** What may follow a convolution [2, 4, 6, 5]; `other` is an input of that shape, channels first. */
const FOLLOWERS: Readonly<Record<string, Build>> = {
  'operands of lower rank': (g, y) => [
    g.op('Add', [y, weight(g, 4, 1, 1)]),
    g.op('Mul', [weight(g, 5), y]),
    g.op('Sub', [y, scalar(g, 2)]),
    g.op('Max', [weight(g, 1, 4, 1, 5), y, weight(g, 6, 1)]),
  ],
  'operands of higher rank': (g, y) => g.op('Add', [y, weight(g, 3, 1, 4, 6, 5)]),
  'operands in both orders': (g, y, other) => [
    g.op('Mul', [y, other]),
    g.op('Where', [g.op('Less', [y, other]), scalar(g, 1), other]),
    g.op('Concat', [other, y], { axis: 1 }),
    g.op('Concat', [y, other], { axis: -2 }),
  ],
  slices: (g, y) => [
    g.op('Slice', [y, g.constant([3, -1]), g.constant([0, -9]), g.constant([1, 3]), g.constant([-2, -1])]),
    g.op('Slice', [y, g.constant([1, 1]), g.constant([4, 2 ** 40]), g.constant([2, -1]), g.constant([2, 3])]),
    ...g.ops('Split', [y, g.constant([1, 3])], { axis: 1 }, { outputs: 2 }),
    ...g.ops('Split', [y], { axis: 3, num_outputs: 2 }, { outputs: 2 }),
  ],
  pads: (g, y) => [
    g.op('Pad', [y, g.constant([0, 1, -1, 0, 0, 2, 1, 3]), scalar(g, 7)]),
    ...['reflect', 'edge', 'wrap'].map((mode) =>
      g.op('Pad', [y, g.constant([1, 2, 3, 1]), undefined, g.constant([1, -1])], { mode }),
    ),
  ],
  reductions: (g, y) => [
    g.op('ReduceSum', [y, g.constant([1])], { keepdims: 0 }),
    g.op('ReduceMax', [y, g.constant([0, 2])], { keepdims: 0 }),
    g.op('ReduceMean', [y, g.constant([-1, 1])]),
    g.op('ReduceSumSquare', [y], { keepdims: 0 }),
    g.op('ReduceLogSumExp', [y, g.constant([3])]),
    g.op('ArgMax', [y], { axis: 1, keepdims: 0 }),
    g.op('ArgMin', [y], { axis: 3, select_last_index: 1 }),
    g.op('GlobalAveragePool', [y]),
    g.op('GlobalMaxPool', [y]),
  ],
  'operators along an axis': (g, y) => [
    g.op('Softmax', [y], { axis: 1 }),
    g.op('Softmax', [y], { axis: 2 }),
    g.op('LogSoftmax', [y]),
    g.op('CumSum', [y, g.constant(1)], { reverse: 1 }),
    ...g.ops('TopK', [y, g.constant([2])], { axis: 1, largest: 0 }, { outputs: 2 }),
  ],
  normalizations: (g, y) => [
    g.op('BatchNormalization', [y, ...[4, 4, 4].map((size) => weight(g, size)), g.constant([1, 2, 3, 4], 'float32')]),
    g.op('InstanceNormalization', [y, weight(g, 4), weight(g, 4)]),
    g.op('GroupNormalization', [y, weight(g, 4), weight(g, 4)], { num_groups: 2 }),
    g.op('LayerNormalization', [y, weight(g, 6, 5), weight(g, 6, 5)], { axis: 2 }),
  ],
  sizes: (g, y) => [
    g.op('Resize', [y, undefined, g.constant([1, 1, 2, 1.5], 'float32')], { mode: 'linear' }),
    g.op('Resize', [y, undefined, undefined, g.constant([2, 4, 3, 10])], { nearest_mode: 'floor' }),
    g.op('Resize', [y, undefined, g.constant([1, 1, 1, 1.4], 'float32')]),
    g.op('Tile', [y, g.constant([1, 2, 1, 3])]),
    g.op('Expand', [y, g.constant([3, 1, 1, 1, 1])]),
    g.op('DepthToSpace', [y], { blocksize: 2 }),
  ],
  'operators of channels first': (g, y) => [
    g.op('Reshape', [y, g.constant([0, -1])]),
    g.op('Flatten', [y], { axis: 2 }),
    g.op('Gather', [y, g.constant([[3, -1]].flat(), 'int64', [1, 2])], { axis: 1 }),
    g.op('MatMul', [y, weight(g, 5, 3)]),
    g.op('Transpose', [y], { perm: [0, 2, 3, 1] }),
    g.op('Transpose', [y], { perm: [3, 1, 0, 2] }),
    g.op('Unsqueeze', [y, g.constant([0])]),
    g.op('Trilu', [y, g.constant(1)], { upper: 0 }),
  ],
};

test.each(Object.keys(FOLLOWERS))('%s after a convolution', async (name) => {
  const g = new GraphBuilder('follow', { opset: 21 });
  const [x, other] = [g.input('x', 'float32', [2, 3, 6, 5]), g.input('other', 'float32', [2, 4, 6, 5])];
  const y = g.op('Conv', [x, weight(g, 4, 3, 3, 3)], { pads: [1, 1, 1, 1] });
  [FOLLOWERS[name]!(g, y, other)].flat().forEach((value, i) => g.output(value, `out${i}`));
  const next = randomNumbers(9);
  const feeds = { x: randomTensor(next, 2, 3, 6, 5), other: randomTensor(next, 2, 4, 6, 5) };
  // Sums of 27 products, then of up to 60 results, in other orders; exponentials triple what is off.
  await expectLike('reference', g.model(), feeds, 300 * 2 ** -24);
});

test('values are turned at the borders of a region only, and constant weights once', async () => {
  const g = new GraphBuilder('region', { opset: 21 });
  const x = g.input('x', 'float32', [2, 3, 6, 6]);
  const first = g.op('Relu', [g.op('Conv', [x, weight(g, 4, 3, 3, 3), weight(g, 4)], { pads: [1, 1, 1, 1] })]);
  const second = g.op('Conv', [first, weight(g, 4, 1, 3, 3)], { group: 4, pads: [1, 1, 1, 1] });
  const sum = g.op('Add', [g.op('Sigmoid', [second]), first]);
  const pooled = g.op('MaxPool', [sum], { kernel_shape: [2, 2], strides: [2, 2] });
  const model = g.output(g.op('ReduceMean', [pooled, g.constant([1])]), 'y').model();
  const session = await Session.open(model, { engine: 'tfjs' });
  const feeds = { x: randomTensor(randomNumbers(1), 2, 3, 6, 6) };
  const transposes = async () => {
    const { kernelNames, kernels } = await tf.profile(async () => {
      await session.run(feeds);
      return [];
    });
    expect(kernelNames).toContain('Conv2D');
    return kernels.filter(({ name }) => name === 'Transpose').length;
  };
  // The image, the two filters; the mean over channels has one channel, which takes none.
  expect(await transposes()).toBe(3);
  expect(await transposes()).toBe(1);
  await session.dispose();
});
