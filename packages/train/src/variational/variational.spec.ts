import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { toTrainingForm } from '../form/to-training-form.js';
import { checkGradient, emptyEmitter } from '../testing/check-gradient.js';
import { fillUniform } from '../data/counter-random.js';
import { insertVariational, logVarianceName, noisy } from './insert-variational.js';
import { logAlpha, logAlphaOf } from './log-alpha.js';
import { divergence } from './variational-divergence.js';

const refused = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
const wave = (length: number, step: number) => Float32Array.from({ length }, (_, i) => Math.sin(1 + i * step));

test('gradients of a noisy product hold against differences, of means, variances and inputs', () => {
  checkGradient({ x: { shape: [3, 4] }, w: { shape: [4, 2] }, v: { shape: [4, 2] } }, (g, { x, w, v }) => {
    const alpha = logAlpha(g, w, v);
    const variance = g.mul(g.op('Exp', [alpha]), g.mul(w, w));
    const uniform = [3, 7].map((step) =>
      g.constant(
        [...wave(6, step)].map((value) => 0.5 + 0.4 * value),
        'float32',
        [3, 2],
      ),
    );
    return noisy(g, g.matmul(x, w), g.matmul(g.mul(x, x), variance), [uniform[0]!, uniform[1]!]);
  });
});

test('gradients of the divergence hold against differences', () => {
  checkGradient({ w: { shape: [3, 4] }, v: { shape: [3, 4] } }, (g, { w, v }) => divergence(g, logAlpha(g, w, v)));
});

test('the divergence is that of the integral, up to a constant, to the error of the fit', () => {
  const values = [-7, -4, -2, -1, 0, 1, 2, 3, 6];
  const g = emptyEmitter();
  const alphas = g.input('a', 'float32', [1]);
  g.output(divergence(g, alphas), 'kl');
  const found = values.map(
    (a) => evaluate(g.model, { a: Tensor.of('float32', [1], Float32Array.of(a)) })['kl']!.toFloat64()[0]!,
  );
  // -KL = 0.5 log alpha - E log |1 + sqrt(alpha) e| + C, e normal (Molchanov et al., equation 12): here by midpoints, whose error at the pole of the log is below 1e-3.
  const exact = values.map((a) => {
    const [root, width, step] = [Math.exp(a / 2), 9, 3e-4];
    let mean = 0;
    for (let e = -width + step / 2; e < width; e += step)
      mean += ((step * Math.exp((-e * e) / 2)) / Math.sqrt(2 * Math.PI)) * Math.log(Math.abs(1 + root * e));
    return mean - a / 2;
  });
  const constant = exact.at(-1)! - found.at(-1)!;
  // The fit is good to +-0.006, here and where the constant is taken; and the midpoints.
  found.forEach((value, i) => expect(Math.abs(value - (exact[i]! - constant))).toBeLessThan(0.013));
});

/** A grouped convolution with stride and padding, a Gemm with alpha and transposed weights, a MatMul. */
function net(): Model {
  const g = new GraphBuilder('net');
  const x = g.input('input', 'float32', ['n', 2, 5, 5]);
  const conv = g.op('Conv', [x, g.weight('conv', [4, 1, 3, 3], wave(36, 1.7)), g.weight('conv.b', [4], wave(4, 1))], {
    ...{ group: 2, strides: [2, 2], pads: [1, 1, 1, 1] },
  });
  const gemm = g.op('Gemm', [g.op('Flatten', [conv]), g.weight('gemm', [6, 36], wave(216, 2.3))], {
    ...{ transB: 1, alpha: { type: 'float', value: 0.5 } },
  });
  return g.output(g.op('MatMul', [g.op('Relu', [gemm]), g.weight('last', [6, 3], wave(18, 0.9))]), 'y').model();
}
const weights = ['conv', 'gemm', 'last'];
const [batch, threshold] = [4, 3];
/** Of the feeds, those that the model has inputs for. */
const run = (model: Model, feeds: Readonly<Record<string, Tensor>>, outputs?: string[]) =>
  evaluate(
    model,
    Object.fromEntries(Object.entries(feeds).filter(([name]) => model.graph.value(name)?.isInput)),
    outputs ? { outputs } : {},
  );
const form = (mode: 'train' | 'evaluate') => toTrainingForm(net(), { batch, mode });

test('results of a layer have the mean and the variance of sampled weights', () => {
  const { model, random, parameters } = insertVariational(form('train'), { weights: ['gemm'], threshold });
  expect(random.map(({ shape }) => shape)).toEqual([
    [batch, 6],
    [batch, 6],
  ]);
  const feeds: Record<string, Tensor> = { input: Tensor.of('float32', [batch, 2, 5, 5], wave(batch * 50, 0.7)) };
  for (const { name, initial } of parameters) feeds[name] = initial;
  // Half a standard deviation: alpha = 0.25, by weight.
  const gemm = feeds['gemm']!.toFloat32();
  const logs = gemm.map((w) => Math.log(0.25 * w * w + 1e-12));
  feeds[logVarianceName('gemm')] = Tensor.of('float32', [6, 36], logs);
  const result = [...model.graph.nodes()].find(({ op }) => op === 'Relu')!.input(0)!.name;
  const draws = 600;
  const sums = [new Float64Array(batch * 6), new Float64Array(batch * 6)] as const;
  for (let draw = 0; draw < draws; draw++) {
    random.forEach(({ name, shape }, i) => {
      const numbers = new Float32Array(batch * 6);
      fillUniform(numbers, 1, i, draw);
      feeds[name] = Tensor.of('float32', shape, numbers);
    });
    const values = run(model, feeds, [result])[result]!.toFloat64();
    values.forEach((value, i) => {
      sums[0][i]! += value / draws;
      sums[1][i]! += value ** 2 / draws;
    });
  }
  const plain = form('evaluate').model;
  const flat = [...plain.graph.nodes()].find(({ op }) => op === 'Gemm')!.input(0)!.name;
  const inputs = run(plain, feeds, [flat])[flat]!.toFloat64();
  for (let i = 0; i < batch * 6; i++) {
    const [sample, row] = [Math.floor(i / 6), i % 6];
    let [mean, variance] = [0, 0];
    for (let j = 0; j < 36; j++) {
      const product = 0.5 * inputs[sample * 36 + j]! * gemm[row * 36 + j]!;
      mean += product;
      variance += 0.25 * product ** 2;
    }
    const found = sums[1][i]! - sums[0][i]! ** 2;
    // Five standard errors: of a mean sd / sqrt(n), of a variance sqrt(2 / n).
    expect(Math.abs(sums[0][i]! - mean)).toBeLessThan(5 * Math.sqrt(variance / draws));
    expect(Math.abs(found / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / draws));
  }
});

test('in evaluation weights of much noise are 0', () => {
  const { model, parameters, random } = insertVariational(form('evaluate'), { weights, threshold }, false);
  expect(random).toEqual([]);
  const feeds: Record<string, Tensor> = { input: Tensor.of('float32', [batch, 2, 5, 5], wave(batch * 50, 0.7)) };
  const masked: Record<string, Tensor> = { ...feeds };
  let out = 0;
  for (const { name, initial } of parameters) {
    feeds[name] = initial;
    if (!weights.includes(name)) masked[name] = initial;
    else {
      const variance = wave(initial.length, 3.1).map((value) => 4 * value);
      feeds[logVarianceName(name)] = Tensor.of('float32', initial.dims, variance);
      const alphas = logAlphaOf(initial.toFloat32(), variance);
      out += alphas.filter((alpha) => alpha > threshold).length;
      const kept = initial.toFloat32().map((value, i) => (alphas[i]! > threshold ? 0 : value));
      masked[name] = Tensor.of('float32', initial.dims, kept);
    }
  }
  for (const name of weights) {
    const variance = wave(feeds[name]!.length, 3.1).map((value) => 4 * value);
    feeds[logVarianceName(name)] = Tensor.of('float32', feeds[name]!.dims, variance);
  }
  expect(out).toBeGreaterThan(20);
  expect(run(model, feeds)).toEqual(run(form('evaluate').model, masked));
});

test.each([[[]], [['none-such']], [['conv.b']]])('weights %j are refused', (names) => {
  expect(() => insertVariational(form('train'), { weights: names, threshold })).toThrow(refused);
});
