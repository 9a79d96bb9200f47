import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { dataFromArrays } from '@gossamer/runtime';
import { factorize } from './factorize.js';
import type { FactorizeOptions } from './options.js';
import { opsOf, relativeError, runOrt } from './testing/ort.js';
import { floats, network, randomNumbers } from './testing/random-network.js';

/** Four layers of 48 x 64 and back, whose singular values fall faster and faster. */
function fourLayers(): Model {
  return network(['n', 48], (g: GraphBuilder, x) => {
    let h = x;
    for (let i = 0; i < 4; i++) {
      const [rows, columns] = i % 2 === 0 ? [48, 64] : [64, 48];
      const data = new Float32Array(rows! * columns!);
      for (let p = 0; p < 48; p++) {
        const [u, v] = [randomNumbers(rows!, 100 * i + p), randomNumbers(columns!, 7000 + 100 * i + p)];
        const size = Math.exp((-p * (i + 1)) / 30) / 30;
        for (let at = 0; at < data.length; at++) data[at]! += size * u[Math.floor(at / columns!)]! * v[at % columns!]!;
      }
      h = g.op('MatMul', [h, g.weight(`w${i}`, [rows!, columns!], data)], {}, { name: `layer${i}` });
      if (i < 3) h = g.op('Relu', [h]);
    }
    return h;
  });
}

const x = floats([60, 48], 1);
const data = dataFromArrays({ x });
const made = async (model: Model, options: FactorizeOptions) => {
  const result = await factorize(model, options);
  const [expected, actual] = [await runOrt(model, { x }), await runOrt(result.model, { x })];
  return { ...result, error: relativeError(expected['y']!, actual['y']!) };
};

test('energy: the smallest multiple that keeps it', async () => {
  const { report } = await made(fourLayers(), { method: 'svd', energy: 0.9, roundTo: 4 });
  for (const { ranks, weightError } of report.layers) {
    expect(ranks![0]! % 4).toBe(0);
    expect(weightError! ** 2).toBeLessThanOrEqual(0.1);
  }
  const fewer = await made(fourLayers(), { method: 'svd', energy: 0.7, roundTo: 4 });
  fewer.report.layers.forEach(({ bytes }, i) => expect(bytes.after).toBeLessThanOrEqual(report.layers[i]!.bytes.after));
});

test.each(['bytes', 'macs'] as const)(
  'a budget of %s is kept, and the more there is the smaller the error',
  async (of) => {
    const errors: number[] = [];
    for (const share of [0.3, 0.5, 0.8]) {
      const { report, error } = await made(fourLayers(), { method: 'svd', budget: { of, share }, roundTo: 4 });
      expect(report[of].after).toBeLessThanOrEqual(share * report[of].before);
      expect(report.warnings).toEqual([]);
      errors.push(error);
    }
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
  },
);

test('a budget that cannot be met ends in the smallest ranks and a warning', async () => {
  const { report } = await made(fourLayers(), { method: 'svd', budget: { of: 'bytes', share: 0.01 } });
  expect(report.layers.map(({ ranks }) => ranks)).toEqual([[16], [16], [16], [16]]);
  expect(report.warnings).toEqual([
    expect.stringMatching(/^budget: expected at most \d+ bytes, received \d+ with the smallest/),
  ]);
});

test('sensitivity: no layer alone changes the outputs by more, a smaller rank would', async () => {
  const model = fourLayers();
  const { report } = await made(model, { method: 'svd', sensitivity: 0.01, data, roundTo: 4 });
  for (const { name, ranks } of report.layers.filter(({ action }) => action === 'factorized')) {
    const alone = (rank: number) => made(model, { method: 'svd', rank, include: [name] });
    expect((await alone(ranks![0]!)).error ** 2).toBeLessThanOrEqual(0.01 * (1 + 1e-4));
    if (ranks![0]! > 4) expect((await alone(ranks![0]! - 4)).error ** 2).toBeGreaterThan(0.01);
  }
});

test.each(['svd', 'whitened-svd'] as const)(
  'refit after %s lowers errors layer by layer, and that of the outputs',
  async (method) => {
    const plain = await made(fourLayers(), { method, rank: 12, data });
    const refitted = await made(fourLayers(), { method, rank: 12, data, refit: true });
    for (const [index, { refit, outputError }] of refitted.report.layers.entries()) {
      // The first layer's inputs are the given ones: whitened factors are the best for them already.
      const isBest = method === 'whitened-svd' && index === 0;
      expect(refit!.kept).toBe(isBest ? 'least squares did not lower its error' : undefined);
      if (isBest) expect(outputError).toBe(refit!.outputError);
      else expect(outputError!).toBeLessThan(refit!.outputError!);
    }
    expect(refitted.error).toBeLessThan(plain.error);
    // The last layer makes the model's output: what is reported is what ONNX Runtime shows. Moments are off by 2^-16.
    expect(Math.abs(refitted.report.layers.at(-1)!.outputError! / refitted.error - 1)).toBeLessThan(1e-2);
    expect(refitted.report.layers.map(({ bytes }) => bytes)).toEqual(plain.report.layers.map(({ bytes }) => bytes));
  },
);

test('the output error of a single layer is what ONNX Runtime shows', async () => {
  const { report, error } = await made(fourLayers(), { rank: 12, data, include: ['layer3'] });
  expect(report.method).toBe('whitened-svd');
  expect(report.layers.at(-1)!.outputError! / error).toBeCloseTo(1, 3);
  expect(report.samples).toBe(60);
});

test('shared weights: their inputs count together, a refit keeps their factors and says so', async () => {
  const model = network(['n', 48], (g, input) => {
    const w = g.weight('w', [48, 48], Float32Array.from(randomNumbers(48 * 48, 5)));
    return g.op('MatMul', [g.op('Tanh', [g.op('MatMul', [input, w], {}, { name: 'a' })]), w], {}, { name: 'b' });
  });
  const { report } = await made(model, { rank: 12, data, refit: true });
  expect(report.layers).toMatchObject([
    { action: 'factorized', refit: { kept: 'layers share its weight' } },
    { action: 'factorized', reason: 'written as 2 nodes, factored once with a', bytes: { before: 0, after: 0 } },
  ]);
});

test('sparse plus low rank: two products and the sparse one, stored as such', async () => {
  const model = network(['n', 48], (g, input) => {
    const w = Float32Array.from(randomNumbers(64 * 48, 5), (w, at) => w / 50 + (at % 67 === 0 ? 2 : 0));
    const bias = g.weight('b', [64], new Float32Array(64).fill(3));
    const attributes = { transB: 1, alpha: { type: 'float', value: 0.5 } } as const;
    return g.op('Gemm', [input, g.weight('w', [64, 48], w), bias], attributes, { name: 'layer' });
  });
  const options = { method: 'sparse-low-rank', rank: 8, data } as const;
  const { model: small, report, error } = await made(model, options);
  expect(opsOf(small)).toEqual(['MatMul', 'Gemm', 'MatMul', 'Add']);
  expect(error).toBeLessThan((await made(model, { method: 'svd', rank: 8 })).error / 5);
  const count = Math.floor(0.02 * 64 * 48);
  expect(report.layers[0]).toMatchObject({ bytes: { before: 64 * 48 * 4, after: 8 * 112 * 4 + count * 12 } });
  expect(serializeModel(small).length).toBeLessThan(8 * 112 * 4 + count * 12 + 1000);
  const refitted = await made(model, { ...options, refit: true });
  expect(refitted.error).toBeLessThanOrEqual(error * (1 + 1e-4));
});

test('weights of subgraphs are factored where they lie', async () => {
  const g = new GraphBuilder('net');
  const input = g.input('x', 'float32', ['n', 48]);
  const flag = g.constant(1, 'bool');
  const branch = (seed: number) => {
    const inside = new GraphBuilder(`branch${seed}`);
    const w = inside.weight(`w${seed}`, [48, 48], Float32Array.from(randomNumbers(48 * 48, seed)));
    return inside.output(inside.op('MatMul', [input, w], {}, { name: `product${seed}` })).graph;
  };
  const node = g.graph.add({
    op: 'If',
    inputs: [flag],
    outputs: ['y'],
    attributes: { then_branch: { type: 'graph', value: branch(1) }, else_branch: { type: 'graph', value: branch(2) } },
  });
  const model = g.output(node.output, 'y').model();
  const { model: small, report } = await made(model, { method: 'svd', rank: 8 });
  expect(report.layers.map(({ action }) => action)).toEqual(['factorized', 'factorized']);
  expect(opsOf(small)).toEqual(['If', 'MatMul', 'MatMul', 'MatMul', 'MatMul']);
});

test('a run that is aborted ends', async () => {
  const signal = AbortSignal.abort();
  await expect(factorize(fourLayers(), { signal })).rejects.toThrow();
});

test('progress counts layers to their number', async () => {
  const seen: string[] = [];
  await factorize(fourLayers(), {
    rank: 12,
    data,
    onProgress: ({ stage, done, total }) => seen.push(`${stage} ${done}/${total}`),
  });
  expect(seen).toEqual(['decompose', 'measure'].flatMap((stage) => [1, 2, 3, 4].map((done) => `${stage} ${done}/4`)));
});

test.each<[string, FactorizeOptions, string]>([
  ['a method', { method: 'pca' as 'svd' }, 'ERR_FACTORIZE_OPTION'],
  ['a rank', { rank: 0 }, 'ERR_FACTORIZE_OPTION'],
  ['two rules', { rank: 2, energy: 0.5 }, 'ERR_FACTORIZE_OPTION'],
  ['an energy', { energy: 1 }, 'ERR_FACTORIZE_OPTION'],
  ['a budget', { budget: { of: 'bytes', share: 0 } }, 'ERR_FACTORIZE_OPTION'],
  ['a unit', { budget: { of: 'time' as 'macs', share: 0.5 } }, 'ERR_FACTORIZE_OPTION'],
  ['a sensitivity', { sensitivity: -1 }, 'ERR_FACTORIZE_OPTION'],
  ['roundTo', { roundTo: 0.5 }, 'ERR_FACTORIZE_OPTION'],
  ['a density', { density: 2, method: 'sparse-low-rank' }, 'ERR_FACTORIZE_OPTION'],
  ['a density for nothing', { density: 0.1 }, 'ERR_FACTORIZE_OPTION'],
  ['no data to whiten with', { method: 'whitened-svd' }, 'ERR_FACTORIZE_DATA'],
  ['no data to measure with', { sensitivity: 0.1 }, 'ERR_FACTORIZE_DATA'],
  ['no data to refit on', { refit: true }, 'ERR_FACTORIZE_DATA'],
])('wrong options: %s', async (_, options, code) => {
  const error = expect.objectContaining({
    code,
    message: expect.stringMatching(/expected .*, received /) as string,
  }) as Error;
  await expect(factorize(fourLayers(), options)).rejects.toThrow(error);
});

test('data that hold no sample', async () => {
  const empty = dataFromArrays({ x: Tensor.of('float32', [0, 48], new Float32Array(0)) });
  await expect(factorize(fourLayers(), { data: empty })).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_CALIBRATION' }) as Error,
  );
});

test('inputs that are not finite: a layer is not whitened by them, and said', async () => {
  const bad = dataFromArrays({ x: Tensor.of('float32', [2, 48], new Float32Array(96).fill(Infinity)) });
  const { report } = await factorize(fourLayers(), { rank: 12, data: bad });
  expect(report.layers[0]).toMatchObject({ action: 'left', reason: 'its inputs are not finite' });
});

test('sizes that would take hours are left', async () => {
  const wide = network(['n', 4097], (g, input) => {
    const w = g.weight('w', [4097, 4097], new Float32Array(4097 * 4097));
    return g.op('MatMul', [input, w]);
  });
  const { report } = await factorize(wide, { rank: 12 });
  expect(report.layers[0]!.reason).toBe('its smaller side is 4097: at most 4096 is factored');
});
