import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { bert, resNet20, tinyLm } from '@gossamer/graph/zoo';
import { modelInputs, Session } from '@gossamer/runtime';
import { buildArchitecture } from '@gossamer/train';
import { join } from 'node:path';
import { numbers } from '../testing/check-loss.js';
import { deriveStudent } from './derive-student.js';
import { parseStudent, type StudentSpec } from './student-spec.js';

const FIXTURES = join(__dirname, '../../../../fixtures/models');
const code = expect.objectContaining({ code: 'ERR_DISTILL_STUDENT' }) as Error;

/** Outputs of ONNX Runtime for two samples. */
async function outputsOf(model: Model): Promise<Readonly<Record<string, Tensor>>> {
  const session = await Session.open(model, { engine: 'ort', threads: 1 });
  try {
    const feeds = Object.fromEntries(
      modelInputs(model).map(({ name, dtype, shape }) => {
        const dims = shape!.map((dim, i) => (typeof dim === 'number' ? dim : i === 0 ? 2 : 4));
        const data = numbers(
          dims.reduce((a, b) => a * b, 1),
          1,
        );
        const values = dtype === 'int64' ? data.map((x) => Math.floor(Math.abs(x) * 500)) : data;
        return [name, Tensor.fromNumbers(dtype!, dims, values)];
      }),
    );
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** The student runs in ONNX Runtime, with the teacher's inputs and outputs; returns its parameters. */
async function checkStudent(teacher: Model, spec: StudentSpec) {
  const before = serializeModel(teacher);
  const { model, parameters, warnings } = deriveStudent(teacher, spec);
  expect(Buffer.compare(serializeModel(teacher), before)).toBe(0);
  expect(modelInputs(model)).toEqual(modelInputs(teacher));
  const [expected, received] = [await outputsOf(teacher), await outputsOf(model)];
  expect(Object.entries(received).map(([name, { dims }]) => [name, dims])).toEqual(
    Object.entries(expected).map(([name, { dims }]) => [name, dims]),
  );
  for (const tensor of Object.values(received)) expect(tensor.toFloat32().every(Number.isFinite)).toBe(true);
  expect(parameters.after).toBeLessThan(parameters.before);
  return { model, parameters, warnings, expected, received };
}

const shapesOf = (model: Model): Record<string, readonly number[]> =>
  Object.fromEntries([...model.graph.initializers()].map((value) => [value.name, value.initializer!.dims]));

const fixture = (name: string) => loadModel(join(FIXTURES, `${name}.onnx`));

describe('thinner', () => {
  test.each(['lenet-300-100', 'lenet-5', 'resnet20-mnist', 'tinylm'])(
    '%s at half and a third of its width',
    async (name) => {
      const teacher = await fixture(name);
      for (const init of ['random', 'slice'] as const) {
        const { parameters, warnings } = await checkStudent(teacher, { kind: 'thinner', width: 0.5, init });
        expect(warnings).toEqual([]);
        // Half of the inputs and half of the outputs of a layer: a quarter, more of those beside inputs and outputs.
        expect(parameters.after / parameters.before).toBeLessThan(0.5);
        await checkStudent(teacher, { kind: 'thinner', width: 1 / 3, init });
      }
    },
  );

  test('scales the widths inside and no others', async () => {
    const { model } = await checkStudent(await fixture('lenet-5'), { kind: 'thinner', width: 0.5 });
    const dims = Object.values(shapesOf(model)).map((shape) => shape.join('x'));
    expect(dims.filter((shape) => shape.includes('x'))).toEqual(
      expect.arrayContaining(['10x1x5x5', '25x10x5x5', '250x400', '10x250']),
    );
  });

  test('heads: as many less, of the size they had', async () => {
    const teacher = buildArchitecture('tiny-lm');
    const { model } = await checkStudent(teacher, { kind: 'thinner', width: 0.5 });
    const shapes = shapesOf(model);
    expect(shapes['block.0.attention.query.weight']).toEqual([96, 96]);
    expect(shapes['block.0.up.weight']).toEqual([96, 384]);
    expect(shapes['head.weight']).toEqual([96, 512]);
    const targets = [...model.graph.nodes()]
      .filter(({ op }) => op === 'Reshape')
      .map((node) => [...node.input(1)!.constant!.toIntegers()].map(Number));
    expect(targets).toContainEqual([0, 128, 3, 32]);
    expect(targets).toContainEqual([0, 128, 96]);
  });

  test.each([
    ['resnet20 with batch normalization', () => resNet20({ batchNorm: true })],
    ['bert', () => bert({ layers: 2, width: 64, heads: 4, vocabulary: 500, context: 16 })],
  ])('%s', async (_, build) => {
    const { warnings } = await checkStudent(build(), { kind: 'thinner', width: 0.25 });
    expect(warnings).toEqual([]);
  });

  test('a slice keeps the strongest channels with their numbers', () => {
    const g = new GraphBuilder('slice');
    const x = g.input('x', 'float32', ['n', 2]);
    const first = g.weight('first', [2, 4], Float32Array.of(1, 5, 0, 4, 1, 5, 0, 4));
    const second = g.weight(
      'second',
      [4, 2],
      Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8).map((v) => v / 100),
    );
    const teacher = g.output(g.op('MatMul', [g.op('Relu', [g.op('MatMul', [x, first])]), second]), 'y').model();
    const { model } = deriveStudent(teacher, { kind: 'thinner', width: 0.5, init: 'slice' });
    expect([...model.graph.value('first')!.initializer!.toFloat32()]).toEqual([5, 4, 5, 4]);
    expect([...model.graph.value('second')!.initializer!.toFloat32()]).toEqual(
      [3, 4, 7, 8].map((v) => Math.fround(v / 100)),
    );
  });

  test('concatenations and depthwise convolutions are followed', async () => {
    const g = new GraphBuilder('branches');
    const x = g.input('x', 'float32', ['n', 3, 8, 8]);
    const conv = (from: typeof x, name: string, dims: number[], attributes = {}) =>
      g.op(
        'Conv',
        [
          from,
          g.weight(
            name,
            dims,
            Float32Array.from(
              numbers(
                dims.reduce((a, b) => a * b),
                1,
              ),
            ),
          ),
        ],
        attributes,
      );
    const both = g.op('Concat', [conv(x, 'a', [8, 3, 1, 1]), conv(x, 'b', [4, 3, 1, 1])], { axis: 1 });
    const deep = conv(both, 'depthwise', [12, 1, 3, 3], { group: 12 });
    const flat = g.op('Flatten', [conv(deep, 'c', [6, 12, 1, 1])]);
    const teacher = g
      .output(g.op('MatMul', [flat, g.weight('d', [216, 5], Float32Array.from(numbers(1080, 2)))]), 'y')
      .model();
    for (const init of ['random', 'slice'] as const) {
      const { model } = await checkStudent(teacher, { kind: 'thinner', width: 0.5, init });
      expect(shapesOf(model)).toEqual({
        a: [4, 3, 1, 1],
        b: [2, 3, 1, 1],
        depthwise: [6, 1, 3, 3],
        c: [3, 6, 1, 1],
        d: [108, 5],
      });
    }
  });

  test('what it cannot follow stays, by name; nothing to scale is refused', () => {
    const g = new GraphBuilder('opaque');
    const x = g.input('x', 'float32', ['n', 4]);
    const weight = (name: string) => g.weight(name, [4, 4], new Float32Array(16));
    const unknown = g.op('CumSum', [g.op('MatMul', [x, weight('a')]), g.constant(1)], {}, { name: 'sums' });
    const only = g.output(g.op('MatMul', [unknown, weight('b')]), 'y').model();
    expect(() => deriveStudent(only, { kind: 'thinner', width: 0.5 })).toThrow(code);
    expect(() => deriveStudent(only, { kind: 'thinner', width: 0.5 })).toThrow('CumSum sums');
  });

  test('the seed decides the weights', async () => {
    const teacher = await fixture('lenet-300-100');
    const weights = (seed: number) =>
      Buffer.from(serializeModel(deriveStudent(teacher, { kind: 'thinner', width: 0.5, seed }).model));
    expect(weights(1).equals(weights(1))).toBe(true);
    expect(weights(1).equals(weights(2))).toBe(false);
  });
});

describe('shallower', () => {
  const count = (model: Model, op: string) => [...model.graph.nodes()].filter((node) => node.op === op).length;

  test.each([
    ['resnet20-mnist', 'every-other' as const, 'Conv', [21, 15]],
    ['resnet20-mnist', 2, 'Conv', [21, 11]],
    ['tinylm', 'every-other' as const, 'Softmax', [4, 2]],
    ['tinylm', 1, 'Softmax', [4, 1]],
  ])('%s, keep %s', async (name, keep, op, [before, after]) => {
    const teacher = await fixture(name);
    const { model } = await checkStudent(teacher, { kind: 'shallower', keep });
    expect([count(teacher, op), count(model, op)]).toEqual([before, after]);
    // The weights that stay are the teacher's.
    for (const value of model.graph.initializers()) {
      expect(value.initializer!.hash()).toBe(teacher.graph.value(value.name)!.initializer!.hash());
    }
  });

  test('layers of normalization after the addition', async () => {
    const teacher = bert({ layers: 5, width: 64, heads: 4, vocabulary: 500, context: 16 });
    const { model } = await checkStudent(teacher, { kind: 'shallower', keep: 'every-other' });
    expect(count(model, 'Softmax')).toBe(3);
    expect(count(model, 'LayerNormalization')).toBe(7);
  });

  test('layers that repeat without a branch', async () => {
    const { model } = await checkStudent(buildArchitecture('mlp-784-64-64-64-64-10'), {
      kind: 'shallower',
      keep: 'every-other',
    });
    expect(count(model, 'Gemm')).toBe(4);
    expect(count(model, 'Relu')).toBe(3);
  });

  test('graphs without repetition, and numbers of blocks there are not, are refused', async () => {
    for (const name of ['lenet-5', 'lenet-300-100']) {
      const teacher = await fixture(name);
      expect(() => deriveStudent(teacher, { kind: 'shallower', keep: 'every-other' })).toThrow(code);
    }
    const teacher = await fixture('tinylm');
    for (const keep of [4, -1, 1.5, NaN])
      expect(() => deriveStudent(teacher, { kind: 'shallower', keep })).toThrow(code);
  });
});

describe('low-rank', () => {
  test.each([
    ['resnet20-mnist', () => fixture('resnet20-mnist')],
    ['a small tinylm', () => tinyLm({ layers: 1, width: 48, heads: 3, vocabulary: 512, context: 16 })],
  ])('%s', async (_, open) => {
    const { expected, received } = await checkStudent(await open(), { kind: 'low-rank', rank: 0.25 });
    const [a, b] = [Object.values(expected)[0]!.toFloat32(), Object.values(received)[0]!.toFloat32()];
    expect([...a]).not.toEqual([...b]);
  });

  test('all of the energy is the teacher again', async () => {
    // 1 - 1e-12 of the squares: a relative error of 1e-6 of each matrix.
    const g = new GraphBuilder('tall');
    const x = g.input('x', 'float32', ['n', 32]);
    const left = numbers(32 * 4, 1);
    const right = numbers(4 * 24, 2);
    const product = Float32Array.from({ length: 32 * 24 }, (_, i) =>
      [0, 1, 2, 3].reduce((sum, k) => sum + left[Math.floor(i / 24) * 4 + k]! * right[k * 24 + (i % 24)]!, 0),
    );
    const teacher = g.output(g.op('MatMul', [x, g.weight('w', [32, 24], product)]), 'y').model();
    const { model, expected, received } = await checkStudent(teacher, { kind: 'low-rank', energy: 1 - 1e-12 });
    expect(shapesOf(model)).toEqual({ 'w/first': [32, 4], 'w/second': [4, 24] });
    const [a, b] = [expected['y']!.toFloat32(), received['y']!.toFloat32()];
    a.forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThan(1e-4));
  });

  test.each([
    ['Gemm with transB', { transB: 1 }, [24, 32]],
    ['Gemm', {}, [32, 24]],
  ])('%s and a bias', async (_, attributes, dims) => {
    const g = new GraphBuilder('gemm');
    const x = g.input('x', 'float32', ['n', 32]);
    const rankOne = Float32Array.from(
      { length: 32 * 24 },
      (_, i) => (Math.floor(i / dims[1]!) + 1) * ((i % dims[1]!) + 1) * 1e-3,
    );
    const bias = g.weight('bias', [24], Float32Array.from(numbers(24, 3)));
    const teacher = g.output(g.op('Gemm', [x, g.weight('w', dims, rankOne), bias], attributes), 'y').model();
    const { expected, received } = await checkStudent(teacher, { kind: 'low-rank', rank: 1 });
    // 32 terms of magnitude up to 0.8, in float32.
    expected['y']!.toFloat32().forEach((value, i) =>
      expect(Math.abs(value - received['y']!.toFloat32()[i]!)).toBeLessThan(2e-5),
    );
  });

  test('weights in half precision stay so', async () => {
    const g = new GraphBuilder('half');
    const x = g.input('x', 'float16', ['n', 32]);
    const weights = Tensor.fromNumbers('float16', [32, 24], numbers(32 * 24, 2));
    const product = g.op('MatMul', [x, g.graph.addInitializer('w', weights)]);
    const { model } = await checkStudent(g.output(product, 'y', 'float16', ['n', 24]).model(), {
      kind: 'low-rank',
      rank: 2,
    });
    expect([...model.graph.initializers()].map(({ initializer }) => initializer!.dtype)).toEqual([
      'float16',
      'float16',
    ]);
  });

  test('1 x 1 convolutions with steps', async () => {
    const g = new GraphBuilder('conv');
    const x = g.input('x', 'float32', ['n', 16, 5, 5]);
    const rankOne = Float32Array.from({ length: 256 }, (_, i) => (Math.floor(i / 16) + 1) * ((i % 16) + 1) * 1e-2);
    const inputs = [
      x,
      g.weight('w', [16, 16, 1, 1], rankOne),
      g.weight('bias', [16], Float32Array.from(numbers(16, 3))),
    ];
    const conv = g.op('Conv', inputs, { kernel_shape: [1, 1], strides: [2, 2], pads: [1, 1, 1, 1] });
    const { expected, received } = await checkStudent(g.output(conv, 'y').model(), { kind: 'low-rank', rank: 1 });
    // 16 terms of magnitude up to 2.6, in float32.
    expected['y']!.toFloat32().forEach((value, i) =>
      expect(Math.abs(value - received['y']!.toFloat32()[i]!)).toBeLessThan(2e-5),
    );
  });

  test('options that make no sense are refused', async () => {
    const teacher = await fixture('lenet-300-100');
    for (const options of [{}, { rank: 2, energy: 0.5 }, { rank: 0 }, { rank: 1.5 }, { energy: 1 }, { rank: 10_000 }]) {
      expect(() => deriveStudent(teacher, { kind: 'low-rank', ...options })).toThrow(code);
    }
  });
});

test('students by text', () => {
  expect(parseStudent('thinner:0.5')).toEqual({ kind: 'thinner', width: 0.5 });
  expect(parseStudent('shallower')).toEqual({ kind: 'shallower', keep: 'every-other' });
  expect(parseStudent('shallower:3')).toEqual({ kind: 'shallower', keep: 3 });
  expect(parseStudent('low-rank:0.25')).toEqual({ kind: 'low-rank', rank: 0.25 });
  for (const text of ['small.onnx', 'thinner', 'thinner:', 'shallower:', 'C:\\models\\a.onnx', 'thinner:1:2'])
    expect(parseStudent(text)).toBeUndefined();
});

test('an unknown kind, and widths that are no shares, are refused', async () => {
  const teacher = await fixture('lenet-300-100');
  expect(() => deriveStudent(teacher, { kind: 'smaller' } as unknown as StudentSpec)).toThrow(code);
  for (const width of [0, 1, -0.5, NaN]) expect(() => deriveStudent(teacher, { kind: 'thinner', width })).toThrow(code);
});
