import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { expandFunctions } from '../functions/expand-functions.js';
import { insertGates } from '../gates/hard-concrete.js';
import { meanSquaredError } from '../losses/mean-squared-error.js';
import { buildTrainingGraph } from '../step/build-training-graph.js';
import { toTrainingForm } from './to-training-form.js';
import type { TrainingFormOptions } from './training-form.js';

const code = (name: string) => expect.objectContaining({ code: name }) as Error;
const MICROSOFT = { domain: 'com.microsoft' };

/** x [n, 2] times w, then what `body` makes of it: outputs y0, y1, ... */
function net(body: (g: GraphBuilder, h: Value) => readonly Value[]): Model {
  const g = new GraphBuilder('net', { opset: 21 });
  const h = g.op('MatMul', [g.input('x', 'float32', ['n', 2]), g.weight('w', [2, 2], Float32Array.of(1, 2, 3, 4))]);
  body(g, h).forEach((value, i) => g.output(value, `y${i}`));
  return g.model();
}

describe('a BatchNormalization that the file has in training mode', () => {
  const model = (outputs: number) =>
    net((g, h) => {
      const vector = (name: string, a: number, b: number) => g.weight(name, [2], Float32Array.of(a, b));
      const inputs = [h, vector('scale', 1, 2), vector('bias', 0, 1), vector('mean', 0.5, 1), vector('var', 2, 3)];
      return g.ops('BatchNormalization', inputs, { training_mode: 1, momentum: 0.75 }, { outputs });
    });
  const feeds = (options: TrainingFormOptions) => {
    const form = toTrainingForm(model(3), { batch: 2, ...options });
    const state = [...form.parameters, ...form.running].map(({ name, initial }) => [name, initial] as const);
    const x = Tensor.of('float32', [2, 2], Float32Array.of(1, 0, 0, 1));
    return evaluate(expandFunctions(form.model), { ...Object.fromEntries(state), x });
  };

  test.each<TrainingFormOptions>([{ mode: 'evaluate' }, { batchNorm: 'frozen' }])(
    'has its running statistics with %j',
    (options) => {
      const outputs = feeds(options);
      const norm = (v: number, mean: number, variance: number) => (v - mean) / Math.sqrt(variance + 1e-5);
      const expected = [norm(1, 0.5, 2), 2 * norm(2, 1, 3) + 1, norm(3, 0.5, 2), 2 * norm(4, 1, 3) + 1];
      outputs['y0']!.toFloat32().forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 5));
      expect([...outputs['y1']!.toFloat32(), ...outputs['y2']!.toFloat32()]).toEqual([0.5, 1, 2, 3]);
    },
  );

  test('puts out the statistics as they move, in training', () => {
    const outputs = feeds({});
    for (const [own, next] of [
      ['y1', 'next/mean'],
      ['y2', 'next/var'],
    ] as const) {
      expect(outputs[own]!.toFloat32()).toEqual(outputs[next]!.toFloat32());
    }
    expect([...outputs['y1']!.toFloat32()]).toEqual([0.75 * 0.5 + 0.25 * 2, 0.75 + 0.25 * 3]);
  });
});

describe('running statistics', () => {
  const vector = (g: GraphBuilder, name: string) => g.weight(name, [2], Float32Array.of(1, 1));
  const model = (names: readonly string[]) =>
    net((g, h) => {
      const made = new Map([...new Set(names)].map((name) => [name, vector(g, name)]));
      const [scale, bias, mean, variance, ...second] = names.map((name) => made.get(name)!);
      const y = g.op('BatchNormalization', [h, scale, bias, mean, variance]);
      return [second.length > 0 ? g.op('BatchNormalization', [y, ...second]) : y];
    });

  test.each<TrainingFormOptions>([{}, { mode: 'evaluate' }, { batchNorm: 'frozen' }])(
    'are no parameters, whatever globs pick them, with %j',
    (options) => {
      const form = toTrainingForm(model(['s', 'b', 'm', 'v']), { batch: 2, trainable: ['*'], ...options });
      expect(form.parameters.map(({ name }) => name)).toEqual(['w', 's', 'b']);
      expect(form.running.map(({ name }) => name)).toEqual(options.batchNorm === 'frozen' ? [] : ['m', 'v']);
    },
  );

  test.each<[string, readonly string[]]>([
    ['a scale', ['ones', 'b', 'm', 'ones']],
    ['the variance of the same node', ['s', 'b', 'ones', 'ones']],
    ['those of another node', ['s', 'b', 'm', 'v', 's2', 'b2', 'm', 'v2']],
  ])('that are one array with %s are refused, naming it', (_, names) => {
    const shared = names.find((name, i) => names.indexOf(name) !== i)!;
    expect(() => toTrainingForm(model(names), { batch: 2 })).toThrow(
      expect.objectContaining({
        code: 'ERR_TRAINING_FORM',
        message: expect.stringContaining(`received ${shared}`) as string,
      }) as Error,
    );
  });

  test('that stay as they are may be shared by nodes, but not with what is trained', () => {
    const options = { batch: 2, batchNorm: 'frozen' } as const;
    const form = toTrainingForm(model(['s', 'b', 'm', 'v', 's2', 'b2', 'm', 'v']), options);
    expect(form.parameters.map(({ name }) => name)).toEqual(['w', 's', 'b', 's2', 'b2']);
    expect(() => toTrainingForm(model(['ones', 'b', 'm', 'ones']), options)).toThrow(code('ERR_TRAINING_FORM'));
    expect(toTrainingForm(model(['ones', 'b', 'm', 'ones']), { ...options, frozen: ['ones'] }).parameters.length).toBe(
      2,
    );
  });
});

describe('Dropout', () => {
  const model = (ratio: (g: GraphBuilder) => Value) =>
    net((g, h) => [g.op('Dropout', [h, ratio(g), g.constant(1, 'bool', [])])]);

  test.each<[string, (g: GraphBuilder) => Value]>([
    ['that a run computes', (g) => g.input('ratio', 'float32', [])],
    ['of 1', (g) => g.constant(1, 'float32', [])],
    ['below 0', (g) => g.constant(-0.5, 'float32', [])],
  ])('with a ratio %s is refused in training, and keeps everything in evaluation', (_, ratio) => {
    expect(() => toTrainingForm(model(ratio), { batch: 2 })).toThrow(code('ERR_TRAINING_FORM'));
    expect(toTrainingForm(model(ratio), { batch: 2, mode: 'evaluate' }).random).toEqual([]);
  });
});

test('scales, biases and weights of fused operators are trained', () => {
  const model = net((g, h) => {
    const vector = (name: string) => g.weight(name, [2], Float32Array.of(1, 2));
    const normal = g.op('SimplifiedLayerNormalization', [h, vector('rms')]);
    const inputs = [h, normal, vector('skip-rms'), vector('skip-bias')];
    const skip = g.op('SkipSimplifiedLayerNormalization', inputs, {}, MICROSOFT);
    const gelu = g.op('FastGelu', [skip, vector('gelu-bias')], {}, MICROSOFT);
    const image = g.op('Reshape', [gelu, g.constant([-1, 1, 1, 2])]);
    const kernel = g.weight('kernel', [1, 2, 1, 1], Float32Array.of(1, 2));
    return [g.op('NhwcConv', [image, kernel, g.weight('kernel-bias', [1], Float32Array.of(1))], {}, MICROSOFT)];
  });
  const roles = toTrainingForm(model, { batch: 2 }).parameters.map(({ name, role }) => [name, role]);
  expect(Object.fromEntries(roles)).toEqual({
    w: 'weight',
    rms: 'normalization',
    'skip-rms': 'normalization',
    'skip-bias': 'bias',
    'gelu-bias': 'bias',
    kernel: 'weight',
    'kernel-bias': 'bias',
  });
});

test('outputs that are an input, a parameter or a constant stay outputs, and may have losses', () => {
  const model = net((g, h) => [g.op('Add', [h, g.weight('one', [1], Float32Array.of(1))])]);
  for (const name of ['x', 'w', 'one']) model.graph.addOutput(model.graph.value(name)!);
  const form = toTrainingForm(model, { batch: 2 });
  expect(form.model.graph.outputs.map(({ name }) => name)).toEqual(['y0', 'x', 'w', 'one']);
  const gates = [{ value: 'w', logAlpha: Tensor.of('float32', [1], new Float32Array(1)) }];
  expect(insertGates(form, gates).model.graph.outputs).toHaveLength(4);
  const { model: whole } = buildTrainingGraph(form, [{ loss: meanSquaredError({ output: 'w' }) }], ['one', 'w']);
  const feeds = { x: [2, 2], w: [2, 2], targets: [2, 2], sample_weights: [2] };
  const ones = ([name, dims]: [string, number[]]) => [
    name,
    Tensor.fromNumbers('float32', dims, new Array<number>(4).fill(1).slice(0, dims.length * 2)),
  ];
  const outputs = evaluate(
    expandFunctions(whole),
    Object.fromEntries(Object.entries(feeds).map(ones)) as Record<string, Tensor>,
  );
  expect([...outputs['one']!.toFloat32(), ...outputs['w']!.toFloat32()]).toEqual([1, 1, 1, 1, 1]);
  expect([...outputs['gradient/w']!.toFloat32()]).toEqual([0, 0, 0, 0]);
});

test('a parameter of float64 is refused, and may be frozen', () => {
  const model = () =>
    net((g, h) => {
      const scale = g.graph.addInitializer('scale', Tensor.of('float64', [2], Float64Array.of(1, 2)));
      return [g.op('Cast', [g.op('Mul', [g.op('Cast', [h], { to: 11 }), scale])], { to: 1 })];
    });
  expect(() => toTrainingForm(model(), { batch: 2 })).toThrow(code('ERR_TRAINING_FORM'));
  expect(toTrainingForm(model(), { batch: 2, frozen: ['scale'] }).parameters.map(({ name }) => name)).toEqual(['w']);
});

test.each([0, -1, 1.5, NaN])('a batch of %d is refused', (batch) => {
  expect(() =>
    toTrainingForm(
      net((_, h) => [h]),
      { batch },
    ),
  ).toThrow(code('ERR_TRAIN_OPTIONS'));
});

test('a model without inputs is refused where losses need a batch', () => {
  const g = new GraphBuilder('net', { opset: 21 });
  const [a, b] = ['a', 'b'].map((name) => g.weight(name, [2, 2], Float32Array.of(1, 2, 3, 4)));
  const model = g.output(g.op('MatMul', [a!, b!]), 'y').model();
  expect(() => buildTrainingGraph(toTrainingForm(model), [{ loss: meanSquaredError() }])).toThrow(
    code('ERR_TRAINING_FORM'),
  );
});
