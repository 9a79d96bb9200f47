import { GraphBuilder } from '../builder.js';
import { evaluate } from '../eval/evaluate.js';
import { attribute } from '../ir/attribute.js';
import { checkGraph } from '../ir/check.js';
import { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import type { Value } from '../ir/value.js';
import { runPasses } from './run-passes.js';
import { expectWithin, kinds } from './testing/check-pass.js';
import { runInOrt } from './testing/ort.js';
import { randomTensor } from './testing/random.js';

const PASS = ['fuse-conv-batch-norm'];

/** Parameters of a normalization over `channels`; the variance is positive. */
function normalise(g: GraphBuilder, x: Value, channels: number, opset = 17): Value {
  const parameter = (seed: number) => g.graph.addInitializer('p', randomTensor([channels], seed));
  const variance = Tensor.of(
    'float32',
    [channels],
    randomTensor([channels], 4)
      .toFloat32()
      .map((v) => v * v + 0.1),
  );
  const inputs = [x, parameter(1), parameter(2), parameter(3), g.graph.addInitializer('var', variance)];
  return g.op('BatchNormalization', inputs, { epsilon: attribute.float(1e-5) }, { name: `bn${opset}` });
}

/**
 * A bound on what rounding can change: both forms compute f (w.x + b - mean) + bias with k products; each of the at most k + 8
 * roundings of either moves the result by at most 2^-24 of the sum of the absolute values of all terms (to first order, doubled here).
 * The sum is what the fused model gives for absolute values of weights, biases and input; the mean enters it beside the bias.
 */
function bounds(fused: Model, feeds: Record<string, Tensor>, k: number): Record<string, Tensor> {
  const absolute = (t: Tensor) => Tensor.of('float32', t.dims, t.toFloat32().map(Math.abs));
  const positive = fused.clone();
  for (const scope of positive.graph.scopes()) {
    for (const value of [...scope.initializers()]) {
      if (value.initializer!.dtype !== 'float32') continue;
      const t = absolute(value.initializer!);
      // Means below 1 in these tests, |f| below 1 / sqrt(0.1) = 3.2: what cancelled in a bias is at most this.
      const raised =
        t.dims.length === 1
          ? Tensor.of(
              'float32',
              t.dims,
              t.toFloat32().map((v) => v + 2 * 3.2),
            )
          : t;
      scope.setInitializer(value, raised);
    }
  }
  const sums = evaluate(positive, Object.fromEntries(Object.entries(feeds).map(([n, t]) => [n, absolute(t)])));
  const share = 2 * 2 * (k + 8) * 2 ** -24;
  return Object.fromEntries(
    Object.entries(sums).map(([n, t]) => [
      n,
      Tensor.of(
        'float64',
        t.dims,
        t.toFloat64().map((v) => v * share),
      ),
    ]),
  );
}

async function check(model: Model, feeds: readonly Record<string, Tensor>[], k: number): Promise<Model> {
  const { model: fused, applied } = runPasses(model, PASS, { afterPass: (_, m) => checkGraph(m.graph) });
  expect(applied).toHaveLength(1);
  for (const fed of feeds) {
    const bound = bounds(fused, fed, k);
    expectWithin(evaluate(fused, fed), evaluate(model, fed), bound);
    expectWithin(await runInOrt(fused, fed), await runInOrt(model, fed), bound);
  }
  return fused;
}

const images = [1, 3].map((n) => ({ x: randomTensor([n, 4, 5, 5], n) }));

test.each([7, 9, 14, 17])('opset %i: Conv takes over scale, shift and output name', async (opset) => {
  const g = new GraphBuilder('net', { opset });
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([6, 2, 3, 3], 9));
  const b = g.graph.addInitializer('b', randomTensor([6], 8));
  const hidden = g.op('Conv', [x, w, b], { group: 2, pads: [1, 1, 1, 1] }, { name: 'conv' });
  g.output(normalise(g, hidden, 6), 'y', 'float32', ['n', 6, 5, 5]);
  const fused = await check(g.model(), images, 18);
  expect(kinds(fused)).toEqual(['Conv']);
  const conv = [...fused.graph.nodes()][0]!;
  expect([conv.name, ...conv.inputs.map(String), conv.output.name]).toEqual(['conv', 'x', 'w', 'b', 'y']);
});

test('a Conv without bias gets one; ConvTranspose with groups scales its second axis', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([4, 3, 2, 2], 9));
  g.output(normalise(g, g.op('ConvTranspose', [x, w], { group: 2, strides: [2, 2] }), 6), 'y', 'float32', [
    'n',
    6,
    10,
    10,
  ]);
  const fused = await check(g.model(), images, 8);
  expect(kinds(fused)).toEqual(['ConvTranspose']);
  expect([...fused.graph.nodes()][0]!.inputs).toHaveLength(3);
});

test.each([0, 1])('Gemm with alpha, beta and transB = %i', async (transB) => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4]);
  const w = g.graph.addInitializer('w', randomTensor(transB ? [6, 4] : [4, 6], 9));
  const c = g.graph.addInitializer('c', randomTensor([1], 8));
  const attributes = { transB, alpha: attribute.float(0.5), beta: attribute.float(1.5) };
  g.output(normalise(g, g.op('Gemm', [x, w, c], attributes), 6), 'y', 'float32', ['n', 6]);
  const fused = await check(
    g.model(),
    [1, 3].map((n) => ({ x: randomTensor([n, 4], n) })),
    4,
  );
  expect(kinds(fused)).toEqual(['Gemm']);
});

test('a weight that another layer reads is cloned, and that layer keeps it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([4, 4, 1, 1], 9));
  g.output(normalise(g, g.op('Conv', [x, w]), 4), 'y', 'float32', ['n', 4, 5, 5]);
  g.output(g.op('Conv', [x, w]), 'z', 'float32', ['n', 4, 5, 5]);
  const fused = await check(g.model(), images, 4);
  expect(kinds(fused)).toEqual(['Conv', 'Conv']);
  expect(fused.graph.value('w')!.initializer!.hash()).toBe(randomTensor([4, 4, 1, 1], 9).hash());
});

test('inside a branch, with weights of the scope around it', async () => {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 4, 5, 5]);
  const w = g.graph.addInitializer('w', randomTensor([4, 4, 1, 1], 9));
  const parameters = [1, 2, 3].map((seed) => g.graph.addInitializer('p', randomTensor([4], seed)));
  const variance = g.constant([0.5, 1, 2, 3], 'float32');
  const y = g.op('If', [g.constant(1, 'bool')]);
  for (const name of ['then_branch', 'else_branch']) {
    const graph = new Graph(name);
    const conv = graph.add({ op: 'Conv', inputs: [x, w], outputs: [`${name}_conv`] }).output;
    const inputs = [conv, ...parameters, variance];
    const out = graph.add({ op: 'BatchNormalization', inputs, outputs: [`${name}_out`] }).output;
    graph.setType(out, tensorType('float32'));
    graph.addOutput(out);
    g.graph.setAttribute(y.producer!, name, attribute.graph(graph));
  }
  g.output(y, 'y', 'float32', ['n', 4, 5, 5]);
  expect(kinds(await check(g.model(), images, 4))).toEqual(['If', 'Conv', 'Conv']);
});

test('not fused: a result that others read, a weight that is an input, training mode', () => {
  const build = (change: 'read' | 'input' | 'training') => {
    const g = new GraphBuilder('net');
    const x = g.input('x', 'float32', ['n', 4, 5, 5]);
    const w =
      change === 'input'
        ? g.input('w', 'float32', [4, 4, 1, 1])
        : g.graph.addInitializer('w', randomTensor([4, 4, 1, 1], 9));
    const hidden = g.op('Conv', [x, w]);
    const y = normalise(g, hidden, 4);
    if (change === 'training') g.graph.setAttribute(y.producer!, 'training_mode', attribute.int(1));
    g.output(y, 'y');
    if (change === 'read') g.output(g.op('Relu', [hidden]), 'z');
    return g.model();
  };
  for (const change of ['read', 'input', 'training'] as const) {
    expect(runPasses(build(change), PASS).applied).toEqual([]);
  }
});
