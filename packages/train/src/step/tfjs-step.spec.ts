import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { toTrainingForm } from '../form/to-training-form.js';
import type { TrainingForm } from '../form/training-form.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { emptyEmitter, sampleNumbers } from '../testing/check-gradient.js';
import { buildTrainingGraph } from './build-training-graph.js';
import { openTrainingSession, type TrainingEngine } from './training-session.js';

process.env['GOSSAMER_TFJS_BACKEND'] ??= 'cpu';

const count = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const numbers = (dims: readonly number[], seed: number) => Float32Array.from(sampleNumbers(count(dims), seed));

/** Holds what a graph of training gives on tfjs to what `engine` gives: each output within `tolerance` of its largest element. */
async function expectLike(engine: TrainingEngine, model: Model, feeds: Record<string, Tensor>, tolerance: number) {
  const results = [];
  for (const name of ['tfjs', engine] as const) {
    const session = await openTrainingSession(model, { engine: name });
    results.push(await session.run(feeds));
    await session.dispose();
  }
  const [actual, expected] = results;
  for (const [key, tensor] of Object.entries(expected!)) {
    expect(actual![key]!.dims).toEqual(tensor.dims);
    const [got, want] = [actual![key]!.toFloat64(), tensor.toFloat64()];
    const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const wrong = want.findIndex((value, i) => !(Math.abs(got[i]! - value) <= tolerance * most));
    expect(wrong < 0 ? 'equal' : `${key}[${wrong}]: ${got[wrong]} instead of ${want[wrong]} of ${most}`).toBe('equal');
  }
}

const BATCH = 4;

/** Parameters and statistics as the file has them; numbers for the rest. */
function feedsOf(form: TrainingForm, model: Model): Record<string, Tensor> {
  const initial = new Map([...form.parameters, ...form.running].map((state) => [state.name, state.initial]));
  return Object.fromEntries(
    model.graph.inputs.map(({ name, type }, seed) => {
      const dims = (type?.kind === 'tensor' ? type.shape : []) as number[];
      if (name === 'labels') return [name, Tensor.fromNumbers('int64', [BATCH], [3, 1, 4, 1])];
      return [name, initial.get(name) ?? Tensor.of('float32', dims, numbers(dims, seed + 1).map(Math.abs))];
    }),
  );
}

/** A layer with batch normalisation, a depthwise one, pools of both kinds, a classifier. The fixtures would take the backend in JavaScript minutes. */
function network(): Model {
  const g = new GraphBuilder('net', { opset: 21 });
  const weight = (name: string, ...dims: number[]) => g.weight(name, dims, numbers(dims, count(dims)));
  const x = g.input('x', 'float32', [BATCH, 2, 12, 12]);
  const first = g.op('Conv', [x, weight('w1', 4, 2, 3, 3)], { pads: [1, 1, 1, 1] });
  const scale = g.weight('scale', [4], numbers([4], 4).map(Math.abs));
  const mean = g.weight('mean', [4], new Float32Array(4));
  const variance = g.weight('variance', [4], new Float32Array(4).fill(1));
  const normal = g.op('BatchNormalization', [first, scale, weight('shift', 4), mean, variance]);
  const pooled = g.op('MaxPool', [g.op('Relu', [normal])], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  });
  const attributes = { group: 4, pads: [0, 0, 1, 1], strides: [2, 2] };
  const depthwise = g.op('Conv', [pooled, weight('w2', 8, 1, 3, 3)], attributes);
  const average = g.op('AveragePool', [g.op('HardSwish', [depthwise])], { kernel_shape: [3, 3] });
  const flat = g.op('Flatten', [average]);
  return g.output(g.op('Gemm', [flat, weight('w3', 8, 5), weight('b3', 5)]), 'logits').model();
}

test('loss and gradients of a network as ONNX Runtime has them', async () => {
  const form = toTrainingForm(network());
  const { model } = buildTrainingGraph(form, [{ loss: crossEntropy() }]);
  // Sums of up to 576 terms in two orders, layer after layer and back.
  await expectLike('ort', model, feedsOf(form, model), 100 * 2 ** -24);
});

interface Problem {
  readonly channels: number;
  readonly outputs: number;
  readonly groups: number;
  readonly sizes: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
}

function problem(seed: number): Problem {
  const random = sampleNumbers(100, seed + 1);
  let at = 0;
  const choose = (list: readonly number[]) => list[Math.floor(((random[at++]! + 1) / 2) * list.length)]!;
  const axes = choose([1, 2, 2]);
  const each = (list: readonly number[]) => Array.from({ length: axes }, () => choose(list));
  const groups = choose([1, 1, 2, 4]);
  return {
    channels: groups * choose([1, 1, 2, 3]),
    outputs: groups * choose([1, 2]),
    groups,
    sizes: each([6, 7, 8]),
    kernel: each([2, 3]),
    strides: each([1, 1, 2, 3]),
    pads: [...each([0, 1]), ...each([0, 1])],
    dilations: each([1, 1, 2]),
  };
}

/** Feeds an emitter's inputs with numbers. */
function feed(g: Emitter): Record<string, Tensor> {
  return Object.fromEntries(
    g.graph.inputs.map((input, i) => [
      input.name,
      Tensor.of('float32', g.shape(input), numbers(g.shape(input), i + 1)),
    ]),
  );
}

const seeds = Array.from({ length: 20 }, (_, seed) => seed);

// Sums of up to 2 * 8 * 8 products in another order.
const TOLERANCE = 128 * 2 ** -24;

test.each(seeds)('gradients of a random convolution as their standard bodies have them, %d', async (seed) => {
  const { channels, outputs, groups: group, sizes, kernel, ...window } = problem(seed);
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [2, channels, ...sizes]);
  const w = g.input('w', 'float32', [outputs, channels / group, ...kernel]);
  const attributes = { group, strides: window.strides, pads: window.pads, dilations: window.dilations };
  const dy = g.op('Tanh', [g.op('Conv', [x, w], attributes)]);
  g.output(g.call('ConvGradInput', [dy, w], { ...attributes, input_shape: sizes })[0]!, 'dx');
  g.output(g.call('ConvGradWeight', [x, dy], { ...attributes, kernel_shape: kernel })[0]!, 'dw');
  await expectLike('reference', g.model, feed(g), TOLERANCE);
});

test.each(seeds)('gradients of random pools as their standard bodies have them, %d', async (seed) => {
  const { channels, sizes, kernel, strides, pads, dilations } = problem(seed);
  const g = emptyEmitter();
  const x = g.input('x', 'float32', [2, channels, ...sizes]);
  const attributes = { kernel_shape: kernel, strides, pads, dilations, ceil_mode: seed % 2 };
  const y = g.op('MaxPool', [x], attributes);
  const dy = g.op('Exp', [y]);
  g.output(g.call('MaxPoolGrad', [dy, x, y], attributes)[0]!, 'largest');
  const average = { ...attributes, count_include_pad: seed % 3 === 0 ? 1 : 0, input_shape: sizes };
  g.output(g.call('AveragePoolGrad', [dy], average)[0]!, 'mean');
  await expectLike('reference', g.model, feed(g), TOLERANCE);
});
