import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { serializeModel } from '@gossamer/graph/onnx';
import { mlp } from '../architectures/mlp.js';
import { fillUniform, streamOf } from '../data/counter-random.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { blobs, CLASSES, INPUTS } from '../loop/testing/blobs.js';
import { train } from '../loop/train.js';
import type { TrainOptions } from '../loop/train-options.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { toTrainingForm } from './to-training-form.js';
import type { TrainingForm, TrainingFormOptions } from './training-form.js';

const BATCH = 4;
const weight = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** y = Gemm(x, identity), a node called fc. */
const line = (): Model => {
  const g = new GraphBuilder('line');
  const y = g.op('Gemm', [g.input('x', 'float32', ['n', 3]), g.weight('w', [3, 3], weight)], {}, { name: 'fc' });
  return g.output(y, 'y').model();
};

const x = Tensor.of(
  'float32',
  [BATCH, 3],
  Float32Array.from({ length: 12 }, (_, i) => i + 1),
);

function outputsOf(form: TrainingForm): Readonly<Record<string, Tensor>> {
  const parameters = form.parameters.map(({ name, initial }) => [name, initial] as const);
  const random = form.random.map(({ name, shape }) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    fillUniform(data, 1, streamOf(name), 0);
    return [name, Tensor.of('float32', shape, data)] as const;
  });
  return evaluate(expandFunctions(form.model), { x, ...Object.fromEntries([...parameters, ...random]) });
}

const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;

describe('dropout before nodes', () => {
  test.each(['fc', 'Gemm', 'f*'])(
    '%s: zeros a share of the first input, scales the others, in training only',
    (before) => {
      const dropout = [{ before, ratio: 0.5 }];
      const form = toTrainingForm(line(), { batch: BATCH, dropout });
      const y = outputsOf(form)['y']!.toFloat32();
      const random = new Float32Array(12);
      fillUniform(random, 1, streamOf('random/fc'), 0);
      random.forEach((u, i) => expect(y[i]).toBe(u < 0.5 ? 0 : 2 * (i + 1)));
      expect(y.filter((v) => v === 0).length).toBeGreaterThan(0);
      const evaluated = toTrainingForm(line(), { batch: BATCH, dropout, mode: 'evaluate' });
      expect(evaluated.random).toEqual([]);
      expect(outputsOf(evaluated)['y']!.toFloat32()).toEqual(x.toFloat32());
    },
  );

  test('the first that picks a node counts, and a ratio of 0 is none', () => {
    const dropout = [
      { before: 'fc', ratio: 0 },
      { before: 'Gemm', ratio: 0.9 },
    ];
    const form = toTrainingForm(line(), { batch: BATCH, dropout });
    expect(form.random).toEqual([]);
    expect(outputsOf(form)['y']!.toFloat32()).toEqual(x.toFloat32());
  });

  const refused: [string, TrainingFormOptions][] = [
    ['names that pick no node', { dropout: [{ before: 'conv*', ratio: 0.5 }] }],
    ['a ratio of 1', { dropout: [{ before: 'fc', ratio: 1 }] }],
    ['a ratio that is no number', { dropout: [{ before: 'fc', ratio: NaN }] }],
  ];
  test.each(refused)('refuses %s', (_, options) => {
    expect(() => toTrainingForm(line(), { batch: BATCH, ...options })).toThrow(code);
  });

  test('refuses to drop out integers', () => {
    const g = new GraphBuilder('codes');
    const cast = g.op('Cast', [g.input('x', 'int64', ['n', 3])], { to: 1 });
    const model = g.output(g.op('Gemm', [cast, g.weight('w', [3, 3], weight)]), 'y').model();
    expect(() => toTrainingForm(model, { batch: BATCH, dropout: [{ before: 'Cast', ratio: 0.5 }] })).toThrow(code);
  });
});

describe("the file's own Dropout", () => {
  const chain = (isMaskRead: boolean): Model => {
    const g = new GraphBuilder('chain');
    const h = g.op('Gemm', [g.input('x', 'float32', ['n', 3]), g.weight('w', [3, 3], weight)]);
    const half = g.constant(0.5, 'float32');
    const [first, mask] = g.ops('Dropout', [h, half], {}, { outputs: 2 }) as [typeof h, typeof h];
    g.output(g.op('Dropout', [first, half]), 'y');
    if (isMaskRead) g.output(g.op('Cast', [mask], { to: 1 }), 'kept');
    return g.model();
  };

  test('nodes without names have random numbers of their own', () => {
    const { random } = toTrainingForm(chain(false), { batch: BATCH });
    expect(new Set(random.map(({ name }) => name)).size).toBe(2);
  });

  test('its mask can be read; in evaluation it is true', () => {
    const { kept } = outputsOf(toTrainingForm(chain(true), { batch: BATCH }));
    expect([...new Set(kept!.toFloat32())].sort()).toEqual([0, 1]);
    const evaluated = outputsOf(toTrainingForm(chain(true), { batch: BATCH, mode: 'evaluate' }));
    expect(evaluated['kept']!.toFloat32()).toEqual(new Float32Array(12).fill(1));
    expect(evaluated['y']!.toFloat32()).toEqual(x.toFloat32());
  });
});

test('a training with dropout is the same on every engine, and leaves no trace but weights', async () => {
  const net = () => mlp([INPUTS, 16, CLASSES], 3);
  const options: TrainOptions = {
    ...{ losses: [{ loss: crossEntropy() }], batch: 16, epochs: 2, optimizer: 'sgd', learningRate: 0.1, seed: 5 },
    form: { dropout: [{ before: 'Gemm', ratio: 0.3 }] },
  };
  const results = await Promise.all(
    (['native', 'ort', 'reference'] as const).map((engine) => train(net(), blobs(100), { ...options, engine })),
  );
  const [native, ort, reference] = results.map(({ model }) =>
    [...model.graph.initializers()].flatMap((value) => [...value.initializer!.toFloat32()]),
  ) as [number[], number[], number[]];
  // 14 updates of weights below 1 by sums of 16 products, each of 2^-24: far below.
  native.forEach((w, i) => expect(Math.abs(w - reference[i]!)).toBeLessThan(1e-5));
  ort.forEach((w, i) => expect(Math.abs(w - reference[i]!)).toBeLessThan(1e-5));
  const without = await train(net(), blobs(100), { ...options, form: {} });
  const bytes = results.map(({ model }) => serializeModel(model));
  expect(serializeModel(without.model)).not.toEqual(bytes[0]);
  expect(serializeModel(without.model)).toHaveLength(bytes[0]!.length);
});
