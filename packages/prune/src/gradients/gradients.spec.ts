import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import { arrayDataset, type Dataset } from '@gossamer/train';
import { drawLabels } from './draw-labels.js';
import { type BatchGradients, type GradientOptions, GradientSession } from './gradient-session.js';
import { hessianProduct } from './hessian-product.js';
import { labelledSamples } from './labelled-samples.js';
import { meanGradients } from './mean-gradients.js';
import { squaredGradients } from './squared-gradients.js';

const [SAMPLES, IN, CLASSES] = [10, 6, 4];
const wave = (length: number, phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i + phase));
const x = wave(SAMPLES * IN, 1);
const w = wave(IN * CLASSES, 2);
const labels = Array.from({ length: SAMPLES }, (_, i) => (i * i) % CLASSES);

/** Softmax regression, whose gradients and Hessian are known. */
function net(batch: number | string = 'n', store: 'plain' | 'half' | 'turned' = 'plain'): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const input = g.input('x', 'float32', [batch, IN]);
  const turned = Float32Array.from({ length: w.length }, (_, i) => w[(i % IN) * CLASSES + Math.floor(i / IN)]!);
  const weight =
    store === 'turned'
      ? g.op('Transpose', [g.weight('w', [CLASSES, IN], turned)], { perm: [1, 0] })
      : store === 'half'
        ? g.op('Cast', [g.graph.addInitializer('w', Tensor.fromNumbers('float16', [IN, CLASSES], [...w]))], { to: 1 })
        : g.weight('w', [IN, CLASSES], w);
  return g.output(g.op('MatMul', [input, weight], {}, { name: 'head' }), 'y', 'float32', [batch, CLASSES]).model();
}

const dataset: Dataset = arrayDataset({
  x: Tensor.of('float32', [SAMPLES, IN], x),
  labels: Tensor.of('int64', [SAMPLES], BigInt64Array.from(labels, BigInt)),
});

const softmax = (scores: readonly number[]) => {
  const powers = scores.map(Math.exp);
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
};
const probabilities = (weights: ArrayLike<number>, sample: number) =>
  softmax(
    Array.from({ length: CLASSES }, (_, c) =>
      Array.from({ length: IN }, (_, i) => x[sample * IN + i]! * weights[i * CLASSES + c]!).reduce((a, b) => a + b),
    ),
  );
/** d loss of one sample / d w, in float64: x (p - e_label)ᵀ. */
const gradientOf = (sample: number) => {
  const p = probabilities(w, sample);
  return Float64Array.from(
    { length: w.length },
    (_, i) => x[sample * IN + Math.floor(i / CLASSES)]! * (p[i % CLASSES]! - (labels[sample] === i % CLASSES ? 1 : 0)),
  );
};
const meanOf = (list: readonly Float64Array[]) =>
  list[0]!.map((_, i) => list.reduce((sum, own) => sum + own[i]!, 0) / list.length);
const all = Array.from({ length: SAMPLES }, (_, i) => gradientOf(i));
/** Sums of a dozen products in float32 of numbers up to 1. */
const EXACT = 1e-6;
const expectClose = (found: ArrayLike<number>, expected: ArrayLike<number>, error = EXACT) => {
  expect(found.length).toBe(expected.length);
  Array.from(expected).forEach((value, i) => expect(Math.abs(found[i]! - value)).toBeLessThan(error));
};

async function use<T>(model: Model, options: GradientOptions, then: (session: GradientSession) => Promise<T>) {
  const session = await GradientSession.open(model, dataset, { threads: 1, ...options });
  try {
    return await then(session);
  } finally {
    await session.dispose();
  }
}
const collect = async (session: GradientSession) => {
  const found: BatchGradients[] = [];
  for await (const batch of session.batches()) {
    found.push({ ...batch, gradients: new Map([...batch.gradients].map(([name, data]) => [name, data.slice()])) });
  }
  return found;
};

test.each<[string, Model, number, readonly number[]]>([
  ['batches, the last one short', net(), 4, [4, 4, 2]],
  ['single samples', net(), 1, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ['single samples of a file whose batch is 8', net(8), 1, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ['a file whose batch is 8, and 32 wanted', net(8), 32, [8, 2]],
])('%s: each has the gradient of its own mean loss', async (_, model, batch, counts) => {
  const found = await use(model, { batch, parameters: ['w'] }, collect);
  expect(found.map(({ count }) => count)).toEqual(counts);
  let first = 0;
  for (const { gradients, count, loss } of found) {
    expectClose(gradients.get('w')!, meanOf(all.slice(first, first + count)));
    const losses = labels.slice(first, first + count).map((label, i) => -Math.log(probabilities(w, first + i)[label]!));
    expect(loss).toBeCloseTo(losses.reduce((a, b) => a + b) / count, 5);
    first += count;
  }
});

test('mean and squares do not depend on what fills a batch up', async () => {
  const mean = await use(net(), { batch: 3 }, meanGradients);
  expectClose(mean.get('w')!, meanOf(all));
  const fisher = await use(net(), { batch: 1 }, squaredGradients);
  expectClose(fisher.get('w')!, meanOf(all.map((own) => own.map((value) => value * value))));
});

test('gradients are those of the tensor that is stored', async () => {
  const turned = await use(net('n', 'turned'), { parameters: ['w'] }, meanGradients);
  const expected = meanOf(all);
  expectClose(
    turned.get('w')!,
    expected.map((_, i) => expected[(i % IN) * CLASSES + Math.floor(i / IN)]!),
  );
  const half = await use(net('n', 'half'), { parameters: ['w'] }, meanGradients);
  // The weights are rounded to 11 bits, the second derivative is below 1.
  expectClose(half.get('w')!, expected, 2 ** -10);
});

test('H v is that of the closed form', async () => {
  const v = Float64Array.from(wave(w.length, 5));
  const found = await use(net(), {}, async (session) => {
    const before = session.weights.get('w')!.slice();
    const product = await hessianProduct(session, new Map([['w', v]]));
    expect(session.weights.get('w')).toEqual(before);
    return product.get('w')!;
  });
  // H = mean of x xᵀ (x) (diag(p) - p pᵀ).
  const expected = new Float64Array(v.length);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const p = probabilities(w, sample);
    const xv = Array.from({ length: CLASSES }, (_, c) =>
      Array.from({ length: IN }, (_, i) => x[sample * IN + i]! * v[i * CLASSES + c]!).reduce((a, b) => a + b),
    );
    const mean = xv.reduce((sum, value, c) => sum + p[c]! * value, 0);
    for (let i = 0; i < v.length; i++) {
      const c = i % CLASSES;
      expected[i]! += (x[sample * IN + Math.floor(i / CLASSES)]! * p[c]! * (xv[c]! - mean)) / SAMPLES;
    }
  }
  // Rounding of gradients, 2^-24, over the step of 2^-8; the third derivative times its square.
  expectClose(found, expected, 2 ** -14);
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.05);
  expect([...(await use(net(), {}, (own) => hessianProduct(own, new Map([['w', v.map(() => 0)]])))).get('w')!]).toEqual(
    [...new Float64Array(w.length)],
  );
});

test('labels: of the data, of its integer targets, or drawn from the predicted distribution, alike at every batch', async () => {
  const inputs = { x: Tensor.of('float32', [SAMPLES, IN], x) };
  const given = Tensor.of('int64', [SAMPLES], BigInt64Array.from(labels, BigInt));
  const read = ({ dataset: own }: { readonly dataset: Dataset }) => {
    const into = new BigInt64Array(own.length);
    own.read(Uint32Array.from(into.keys()), { labels: into });
    return [...into].map(Number);
  };
  const fromTargets = await labelledSamples(net(), dataFromArrays({ ...inputs, targets: given }), { limit: 7 });
  expect([read(fromTargets), fromTargets.warnings]).toEqual([labels.slice(0, 7), []]);
  const rows = 400;
  const many = dataFromArrays({
    x: Tensor.of(
      'float32',
      [rows, IN],
      Float32Array.from({ length: rows * IN }, (_, i) => x[i % IN]!),
    ),
  });
  const drawn = await labelledSamples(net(), many, { seed: 3 });
  expect(drawn.warnings).toEqual([
    'data: expected labels, received none; they are drawn from what the model itself predicts',
  ]);
  const found = read(drawn);
  const p = probabilities(w, 0);
  for (let c = 0; c < CLASSES; c++) {
    const deviation = Math.sqrt((p[c]! * (1 - p[c]!)) / rows);
    expect(Math.abs(found.filter((label) => label === c).length / rows - p[c]!)).toBeLessThan(4 * deviation);
  }
  expect((await drawLabels(net(), many, { seed: 3, limit: 40 })).toIntegers().map(Number)).toEqual(found.slice(0, 40));
  expect((await drawLabels(net(), many, { seed: 4, limit: 40 })).toIntegers().map(Number)).not.toEqual(
    found.slice(0, 40),
  );
});

test('a loss that is no number, and a tensor that is none of floats, end in errors', async () => {
  const wild = arrayDataset({
    x: Tensor.of('float32', [1, IN], new Float32Array(IN).fill(NaN)),
    labels: Tensor.of('int64', [1], BigInt64Array.of(0n)),
  });
  const session = await GradientSession.open(net(), wild, { threads: 1 });
  await expect(meanGradients(session)).rejects.toMatchObject({
    code: 'ERR_PRUNE_DATA',
    message: 'loss: expected a finite number, received NaN',
  });
  await session.dispose();
  await expect(GradientSession.open(net(), dataset, { parameters: ['nothing'] })).rejects.toMatchObject({
    code: 'ERR_TRAINING_FORM',
  });
});
