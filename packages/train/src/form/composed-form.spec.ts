import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { mlp } from '../architectures/mlp.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { GraphTrainer } from '../loop/graph-trainer.js';
import type { Loss } from '../losses/loss.js';
import { weightedMean } from '../losses/weighted-mean.js';
import { buildTrainingGraph, LOSS } from '../step/build-training-graph.js';
import { sampleNumbers } from '../testing/check-gradient.js';
import { ComposedForm, type EmbedOptions } from './composed-form.js';
import { toTrainingForm } from './to-training-form.js';
import type { TrainingForm } from './training-form.js';

const BATCH = 5;
const weights = (seed: number, ...dims: number[]) =>
  Float32Array.from(
    sampleNumbers(
      dims.reduce((a, b) => a * b),
      seed,
    ),
  );

/** Codes [n, 3] -> images [n, 2, 4, 4], with batch normalisation. */
function maker(): Model {
  const g = new GraphBuilder('maker');
  const x = g.op('Gemm', [g.input('codes', 'float32', ['n', 3]), g.weight('first', [8, 3], weights(1, 8, 3))], {
    transB: 1,
  });
  const image = g.op('Reshape', [x, g.constant([-1, 2, 2, 2])]);
  const [scale, shift, mean, variance] = [1, 0.5, 0, 1].map((value, i) =>
    g.weight(['scale', 'shift', 'mean', 'variance'][i]!, [2], new Float32Array(2).fill(value)),
  ) as [Value, Value, Value, Value];
  const normal = g.op('BatchNormalization', [image, scale, shift, mean, variance]);
  const scales = g.constant([1, 1, 2, 2], 'float32');
  const large = g.op('Resize', [normal, undefined, scales], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
  return g.output(g.op('Tanh', [large]), 'image').model();
}

/** Images [n, 2, 4, 4] -> numbers [n, 3], with a convolution; its weights are called as those of the maker. */
function judge(): Model {
  const g = new GraphBuilder('judge');
  const x = g.input('image', 'float32', ['n', 2, 4, 4]);
  const layer = g.op('Tanh', [g.op('Conv', [x, g.weight('first', [3, 2, 3, 3], weights(2, 3, 2, 3, 3))])]);
  const flat = g.op('Flatten', [layer]);
  return g.output(g.op('Gemm', [flat, g.weight('last', [12, 3], weights(3, 12, 3))]), 'logits').model();
}

const squares: Loss = {
  name: 'squares',
  build: (context) => weightedMean(context, context.g.mul(context.value('said'), context.value('said'))),
};

function composed(state: EmbedOptions['state']): TrainingForm {
  const whole = new ComposedForm('whole');
  const made = whole.embed(toTrainingForm(maker(), { batch: BATCH }), [whole.input('codes', [BATCH, 3])], {
    state: 'trained',
  })('image');
  const form = toTrainingForm(judge(), { batch: BATCH, mode: 'evaluate' });
  const said = whole.embed(form, [made], { prefix: 'judge/', state })('logits');
  return whole.finish({ made, said });
}

const codes = Tensor.of('float32', [BATCH, 3], weights(7, BATCH, 3));
const fedJudge = { 'judge/first': [3, 2, 3, 3], 'judge/last': [12, 3] } as const;
const judgeFeeds = Object.fromEntries(
  Object.entries(fedJudge).map(([name, dims], i) => [name, Tensor.of('float32', dims, weights(2 + i, ...dims))]),
);

test.each(['constant', 'fed'] as const)('gradients flow through a form that is %s, to float64 differences', (state) => {
  const form = composed(state);
  const { model, gradients } = buildTrainingGraph(form, [{ loss: squares }]);
  expect([...gradients.keys()]).toEqual(['first', 'scale', 'shift']);
  const graph = expandFunctions(model);
  const arrays = new Map([...form.parameters, ...form.running].map((item) => [item.name, item.initial.toFloat64()]));
  const dims = new Map([...form.parameters, ...form.running].map((item) => [item.name, item.initial.dims]));
  const run = () => {
    const own = [...arrays].map(([name, data]) => [name, Tensor.of('float64', dims.get(name)!, data.slice())] as const);
    const given = { codes, sample_weights: Tensor.of('float32', [BATCH], new Float32Array(BATCH).fill(1)) };
    const fed = { ...given, ...judgeFeeds, ...Object.fromEntries(own) };
    const read = graph.graph.inputs.map(({ name }) => [name, fed[name as keyof typeof fed]] as const);
    return evaluate(graph, Object.fromEntries(read), { precision: 'float64' });
  };
  const analytic = run();
  const h = 2e-6;
  for (const [name, output] of gradients) {
    const data = arrays.get(name)!;
    const received = analytic[output]!.toFloat64();
    const largest = received.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    data.forEach((x, i) => {
      const at = (moved: number) => {
        data[i] = moved;
        return run()[LOSS]!.toFloat64()[0]!;
      };
      const slope = (at(x + h) - at(x - h)) / (2 * h);
      data[i] = x;
      // h^2 f''' / 6 with f''' up to 1e4 is below 1e-8; constants such as 1 / n are float32 in both graphs, 2^-24 each, a few in a row.
      expect(Math.abs(received[i]! - slope)).toBeLessThan(4 * 2 ** -24 * largest + 1e-8);
    });
  }
});

test('trains the first net alone, and returns what is kept', async () => {
  const trainer = await GraphTrainer.open(composed('constant'), [{ loss: squares }], { kept: ['made'], threads: 1 });
  const losses: number[] = [];
  for (let step = 0; step < 30; step++) {
    const outputs = await trainer.update({ codes }, step, 0.05);
    losses.push(outputs[LOSS]!.toFloat64()[0]!);
    expect(outputs['made']!.dims).toEqual([BATCH, 2, 4, 4]);
  }
  await trainer.dispose();
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 10);
  expect([...trainer.arrays().keys()].filter((name) => name.startsWith('weight/'))).toEqual([
    'weight/first',
    'weight/scale',
    'weight/shift',
    'weight/mean',
    'weight/variance',
  ]);
  expect(trainer.store.running[0]!.data[0]).not.toBe(0);
});

test('two forms of the same names are trained together under prefixes', () => {
  const whole = new ComposedForm('pair');
  const input = whole.input('x', [BATCH, 4]);
  const form = toTrainingForm(mlp([4, 4]), { batch: BATCH });
  const first = whole.embed(form, [input], { prefix: 'a/', state: 'trained' })('logits');
  const second = whole.embed(form, [first], { prefix: 'b/', state: 'trained' })('logits');
  const { parameters } = whole.finish({ said: second });
  expect(parameters.map(({ name }) => name)).toEqual(['a/fc1.weight', 'a/fc1.bias', 'b/fc1.weight', 'b/fc1.bias']);
});
