import { GraphBuilder } from '@gossamer/graph';
import { expectLike, randomNumbers, randomTensor } from './testing/compare.js';

/** A choice of `list` by the next random number. */
const chooser = (next: () => number) => (list: readonly number[]) =>
  list[Math.floor(((next() + 1) / 2) * list.length)]!;

// Sums of at most 200 products of numbers below 1, in another order: 200 * 2^-24 of the largest result.
const TOLERANCE = 200 * 2 ** -24;

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'a random convolution and its neighbours, %d',
  async (seed) => {
    const next = randomNumbers(seed);
    const choose = chooser(next);
    const axes = choose([1, 2, 2]);
    const each = (list: readonly number[]) => Array.from({ length: axes }, () => choose(list));
    const groups = choose([1, 1, 2, 4]);
    const [inputs, outputs] = [groups * choose([1, 2, 3]), groups * choose([1, 2])];
    const kernel = each([1, 2, 3]);
    const sizes = each([7, 8, 10]);
    const attributes = {
      group: groups,
      strides: each([1, 1, 2, 3]),
      dilations: each([1, 1, 2]),
      pads: [...each([0, 1, 2]), ...each([0, 1, 3])],
    };
    const x = randomTensor(next, 2, inputs, ...sizes);
    const w = randomTensor(next, outputs, inputs / groups, ...kernel);
    const g = new GraphBuilder('convolution', { opset: 21 });
    const input = g.input('x', 'float32', x.dims);
    // Constant weights and fed ones take the same kernels.
    const isFed = next() < 0;
    const filter = isFed ? g.input('w', 'float32', w.dims) : g.weight('w', w.dims, w.toFloat32());
    const bias = g.weight('b', [outputs], randomTensor(next, outputs).toFloat32());
    const y = g.op('Conv', [input, filter, bias], attributes);
    const scale = g.weight('scale', [outputs, ...each([1])], randomTensor(next, outputs).toFloat32());
    const scaled = g.op('Tanh', [g.op('Mul', [y, scale])]);
    const joined = g.op('Concat', [scaled, y], { axis: 1 });
    const mean = g.op('ReduceMean', [joined, g.constant([2])], { keepdims: 0 });
    const model = g
      .output(joined, 'joined')
      .output(mean, 'mean')
      .output(g.op('Transpose', [y]), 'turned')
      .model();
    await expectLike('reference', model, isFed ? { x, w } : { x }, TOLERANCE);
  },
);

test.each(Array.from({ length: 40 }, (_, seed) => seed))('a random transposed convolution, %d', async (seed) => {
  const next = randomNumbers(1000 + seed);
  const choose = chooser(next);
  const axes = choose([1, 2, 2]);
  const each = (list: readonly number[]) => Array.from({ length: axes }, () => choose(list));
  const groups = choose([1, 1, 2, 4]);
  const [inputs, outputs] = [groups * choose([1, 2]), groups * choose([1, 1, 2])];
  const strides = each([1, 2, 3]);
  const attributes = {
    group: groups,
    strides,
    dilations: each([1, 1, 2]),
    pads: [...each([0, 1]), ...each([0, 1])],
    output_padding: strides.map((stride) => choose([0, stride - 1])),
  };
  const x = randomTensor(next, 2, inputs, ...each([3, 4, 5]));
  const w = randomTensor(next, inputs, outputs / groups, ...each([2, 3]));
  const g = new GraphBuilder('transposed', { opset: 21 });
  const operands = [g.input('x', 'float32', x.dims), g.input('w', 'float32', w.dims)];
  const bias = g.weight('b', [outputs], randomTensor(next, outputs).toFloat32());
  const model = g.output(g.op('ConvTranspose', [...operands, bias], attributes), 'y').model();
  await expectLike('reference', model, { x, w }, TOLERANCE);
});

test.each(Array.from({ length: 40 }, (_, seed) => seed))('random pools, %d', async (seed) => {
  const next = randomNumbers(2000 + seed);
  const choose = chooser(next);
  const axes = choose([1, 2, 2]);
  const each = (list: readonly number[]) => Array.from({ length: axes }, () => choose(list));
  const attributes = {
    kernel_shape: each([2, 3]),
    strides: each([1, 2, 3]),
    dilations: each([1, 1, 2]),
    pads: [...each([0, 1]), ...each([0, 1])],
    ceil_mode: choose([0, 1]),
  };
  const x = randomTensor(next, 2, 3, ...each([6, 7, 9]));
  const g = new GraphBuilder('pools', { opset: 21 });
  const input = g.input('x', 'float32', x.dims);
  const [largest, places] = g.ops('MaxPool', [input], attributes, { outputs: 2 });
  const alone = g.op('MaxPool', [input], attributes);
  const mean = g.op('AveragePool', [input], { ...attributes, count_include_pad: choose([0, 1]) });
  const model = g
    .output(largest!, 'largest')
    .output(places!, 'places')
    .output(alone, 'alone')
    .output(mean, 'mean')
    .model();
  await expectLike('reference', model, { x }, 2 ** -20);
});
