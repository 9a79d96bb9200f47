import { attribute, Graph, GraphBuilder, Model, Tensor, tensorType } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { createMetric, dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { noise, noiseTensor } from '../testing/emit-static.js';
import { optimizedOps, runOrt, sqnr } from '../testing/ort.js';

/** Three products; the values that `last` reads span five orders of magnitude, which 8 bits cannot hold. */
function withOutliers(): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 64]);
  const wide = noise(64 * 64, 2).map((v, i) => (i % 64 === 0 ? v * 1e4 : v));
  const a = g.op('MatMul', [x, g.weight('a', [64, 64], noise(4096))], {}, { name: 'first' });
  const b = g.op('MatMul', [a, g.weight('b', [64, 64], wide)], {}, { name: 'middle' });
  // Reads everything but the outlier.
  const last = noise(64 * 32, 3);
  last.fill(0, 0, 32);
  return g.output(g.op('MatMul', [b, g.weight('c', [64, 32], last)], {}, { name: 'last' }), 'y').model();
}

const data = dataFromArrays({ x: noiseTensor([16, 64], 5) });
const feeds = { x: noiseTensor([4, 64], 6) };

async function quality(model: Model, options: QuantizeOptions) {
  const result = await quantize(model, { mode: 'static', data, costModel: false, optimize: false, ...options });
  const [reference, actual] = [await runOrt(model, feeds), await runOrt(result.model, feeds)];
  return { ...result, sqnr: sqnr(reference['y']!, actual['y']!) };
}

test('keepFloat puts the fewest layers back that the target needs, and stores their weights in 8 bits', async () => {
  const model = withOutliers();
  const plain = await quality(model, {});
  expect(plain.sqnr).toBeLessThan(5);
  const kept = await quality(model, { keepFloat: 'auto', targetSqnr: 25 });
  expect(kept.sqnr).toBeGreaterThan(25);
  const actions = kept.report.layers.map(({ name, action }) => [name, action]);
  expect(actions).toEqual([
    ['first', 'quantized'],
    ['middle', 'quantized'],
    ['last', 'weight-only'],
  ]);
  expect(kept.report.layers[2]!.reason).toMatch(/adds the most noise: outputs of [\d.]+ dB/);
  expect(kept.report.bytes.ratio).toBeGreaterThan(3);
  expect(kept.report.samples).toBe(16);
});

test('a target that nothing reaches is a warning, with everything in float', async () => {
  const { report } = await quality(withOutliers(), { keepFloat: 'auto', targetSqnr: 400 });
  expect(report.warnings).toEqual([expect.stringMatching(/expected outputs of 400.0 dB, reached/)]);
});

test('the same inputs give the same bytes; the input model stays as it was', async () => {
  const model = withOutliers();
  const before = serializeModel(model);
  const runs = await Promise.all([quality(model, { calibrator: 'mse' }), quality(model, { calibrator: 'mse' })]);
  expect(Buffer.from(serializeModel(runs[0].model)).equals(serializeModel(runs[1].model))).toBe(true);
  expect(Buffer.from(serializeModel(model)).equals(before)).toBe(true);
});

test.each([
  ['int8 activations', { activations: 'int8' }],
  ['uint8 weights', { weights: 'uint8' }],
  ['7-bit weights', { reduceRange: true }],
  ['one scale a weight', { granularity: 'perTensor' }],
  ['percentile', { calibrator: 'percentile' }],
  ['QLinear operators', { format: 'qoperator' }],
] as const)('%s load and fuse', async (_, options) => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 64]);
  const h = g.op('Gemm', [x, g.weight('a', [64, 64], noise(4096)), g.weight('b', [64], noise(64))], {}, { name: 'fc' });
  const y = g.op('Gemm', [g.op('Relu', [h]), g.weight('c', [32, 64], noise(2048, 3))], { transB: 1 }, { name: 'out' });
  const { model, sqnr: db } = await quality(g.output(y, 'y').model(), options);
  expect(await optimizedOps(model)).toMatchObject({ QGemm: 2, QuantizeLinear: 1 });
  // 7-bit weights cost 6 dB of the 8-bit ones' 35.
  expect(db).toBeGreaterThan(25);
});

test('each layer says what its weight takes, before and after', async () => {
  const { report } = await quality(withOutliers(), {});
  const bytes = report.layers.map((layer) => layer.bytes);
  expect(bytes).toEqual([
    { before: 16384, after: 4096 + 64 * 5 },
    { before: 16384, after: 4096 + 64 * 5 },
    { before: 8192, after: 2048 + 32 * 5 },
  ]);
});

test('the number of samples is bounded', async () => {
  const { report } = await quality(withOutliers(), { samples: 3 });
  expect(report.samples).toBe(3);
});

test('a body of If keeps its float computation and stores its weights in 8 bits', async () => {
  const main = new Graph('main');
  const x = main.addInput('x', tensorType('float32', [4, 64]));
  const w = main.addInitializer('w', Tensor.of('float32', [64, 64], noise(4096)));
  const h = main.add({ op: 'MatMul', name: 'main', inputs: [x, w], outputs: ['h'] });
  const sum = main.add({
    op: 'ReduceSum',
    inputs: [h.output],
    outputs: ['s'],
    attributes: { keepdims: attribute.int(0) },
  });
  const zero = main.addInitializer('zero', Tensor.scalar('float32', 0));
  const flag = main.add({ op: 'Greater', inputs: [sum.output, zero], outputs: ['flag'] });
  const choose = main.add({ op: 'If', name: 'choose', inputs: [flag.output], outputs: ['y'] });
  for (const name of ['then_branch', 'else_branch']) {
    const body = new Graph(name, { node: choose, attribute: name, index: 0 });
    const weight = body.addInitializer('v', Tensor.of('float32', [64, 16], noise(1024, name.length)));
    body.addOutput(body.add({ op: 'MatMul', name: 'in', inputs: [h.output, weight], outputs: ['out'] }).output);
    main.setAttribute(choose, name, attribute.graph(body));
  }
  main.addOutput(choose.output);
  const model = new Model({ irVersion: 8, opsets: new Map([['', 17]]), graph: main });
  const { report, sqnr: db } = await quality(model, {});
  expect(report.layers.map(({ name, action }) => [name, action])).toEqual([
    ['main', 'quantized'],
    ['s', 'left-float'],
    ['choose/then_branch/in', 'weight-only'],
    ['choose/else_branch/in', 'weight-only'],
  ]);
  expect(report.layers[2]!.reason).toMatch(/inside a control-flow body/);
  expect(db).toBeGreaterThan(30);
});

test('reasons hold no ids, so that layers with one fate group; what was merged stands beside them', async () => {
  const g = new GraphBuilder('g');
  let x = g.input('x', 'float32', ['n', 8, 8, 8]);
  for (let i = 0; i < 3; i++) {
    const y = g.op('Conv', [x, g.weight(`w${i}`, [8, 8, 1, 1], noise(64, i + 1))], {}, { name: `conv${i}` });
    x = g.op('Relu', [y], {}, { name: `relu${i}` });
  }
  const model = g.output(x, 'y').model();
  const samples = dataFromArrays({ x: noiseTensor([8, 8, 8, 8], 5) });
  const { report } = await quantize(model, { mode: 'static', data: samples, costModel: false });
  expect(new Set(report.layers.map(({ reason }) => reason))).toEqual(new Set(['runs as an integer kernel, with Relu']));
  expect(report.layers.map(({ merged }) => merged)).toEqual([['relu0'], ['relu1'], ['relu2']]);
});

test('reduced range where it is needed: layers whose sums can leave int16 get 7 bits, the others keep 8', async () => {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 64]);
  // In every row one weight is large and its neighbours are tiny: no two products add up to more than int16 holds.
  const lonely = noise(64 * 64, 4).map((v, i) => (i % 64 === (3 * Math.floor(i / 64)) % 64 ? 1 : v * 0.01));
  const safe = g.op('Gemm', [x, g.weight('a', [64, 64], lonely)], { transB: 1 }, { name: 'safe' });
  const even = noise(64 * 64, 5).map((v) => Math.sign(v) * (0.8 + 0.2 * Math.abs(v)));
  const model = g
    .output(g.op('Gemm', [safe, g.weight('b', [64, 64], even)], { transB: 1 }, { name: 'risky' }), 'y')
    .model();
  const reasons = async (options: QuantizeOptions) =>
    new Map((await quality(model, options)).report.layers.map(({ name, reason }) => [name, reason]));
  const auto = await reasons({ reduceRange: 'auto' });
  expect(auto.get('safe')).not.toMatch(/7 bits/);
  expect(auto.get('risky')).toMatch(/weights in 7 bits, or sums could saturate/);
  expect((await reasons({ reduceRange: 'auto', weights: 'uint8' })).get('risky')).not.toMatch(/7 bits/);
  await expect(quantize(model, { mode: 'dynamic', reduceRange: 'auto' })).rejects.toMatchObject({
    code: 'ERR_QUANTIZE_OPTION',
  });
});

test('accuracy: the fewest layers go back to float that keep the metric within its drop', async () => {
  const model = withOutliers();
  const inputs = noiseTensor([64, 64], 8);
  const classes = (await runOrt(model, { x: inputs }))['y']!;
  // The float model's own decisions: it makes no error.
  const scores = classes.toFloat32();
  const labels = BigInt64Array.from({ length: 64 }, (_, row) => {
    const own = scores.subarray(row * 32, (row + 1) * 32);
    return BigInt(own.indexOf(Math.max(...own)));
  });
  const labelled = dataFromArrays({ x: inputs, labels: Tensor.of('int64', [64], labels) });
  const goal = (maxDrop: number) => ({ metric: () => createMetric('top1'), data: labelled, maxDrop });
  const kept = async (maxDrop: number) => {
    const { report } = await quality(model, { accuracy: goal(maxDrop) });
    return report.layers.filter(({ action }) => action !== 'quantized');
  };
  const strict = await kept(0.1);
  expect(strict.map(({ name }) => name)).toContain('last');
  expect(strict[0]!.reason).toMatch(
    /adds the most noise: top1 of [\d.]+ with it and its like in float, top1 of [\d.]+ without/,
  );
  expect(await kept(1)).toEqual([]);
  await expect(quantize(model, { mode: 'dynamic', accuracy: goal(0.1) })).rejects.toMatchObject({
    code: 'ERR_QUANTIZE_OPTION',
  });
});
