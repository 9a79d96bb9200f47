import { checkGraph, type GraphBuilder, type Model, type Tensor, type Value } from '@gossamer/graph';
import type { PlainAttribute } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { join } from 'node:path';
import { factorize } from './factorize.js';
import type { FactorizeOptions } from './options.js';
import { opsOf, relativeError, runOrt } from './testing/ort.js';
import { floats, network, randomNumbers } from './testing/random-network.js';

type Attributes = Record<string, PlainAttribute>;

/** A kernel of CP rank 2, so of rank 2 in every other way: sums over p of the products of one column a mode. */
function rankTwo(dims: readonly number[]): Float32Array {
  const factors = dims.map((size, mode) => randomNumbers(size * 2, 20 + mode));
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < 2; p++) {
      let [product, rest] = [1, at];
      for (let mode = dims.length - 1; mode >= 0; mode--) {
        product *= factors[mode]![(rest % dims[mode]!) * 2 + p]!;
        rest = Math.floor(rest / dims[mode]!);
      }
      sum += product;
    }
    return sum;
  });
}

const convolution = (input: readonly number[], kernel: readonly number[], attributes: Attributes): Model =>
  network(input, (g: GraphBuilder, x: Value) => {
    const bias = g.weight('b', [kernel[0]!], Float32Array.from(randomNumbers(kernel[0]!, 3)));
    return g.op('Conv', [x, g.weight('w', kernel, rankTwo(kernel)), bias], attributes, { name: 'conv' });
  });

/** Rounding of the factors and of up to four sums, the longest of 12 * 9 products. */
const SAME = 4 * 108 * 2 ** -24;

async function outputs(model: Model, small: Model, x: Tensor) {
  checkGraph(small.graph);
  return [(await runOrt(model, { x }))['y']!, (await runOrt(small, { x }))['y']!] as const;
}

const FORMS: readonly [string, readonly number[], readonly number[], Attributes][] = [
  ['plain', [2, 12, 9, 8], [16, 12, 3, 3], {}],
  ['pads and strides', [1, 12, 9, 8], [16, 12, 3, 5], { pads: [1, 2, 0, 3], strides: [2, 1] }],
  ['strides of both axes', [1, 12, 9, 8], [16, 12, 3, 3], { strides: [2, 3], kernel_shape: [3, 3] }],
  ['dilations', [1, 12, 9, 12], [16, 12, 3, 3], { dilations: [1, 2], pads: [1, 2, 1, 2] }],
  ['SAME_UPPER', [1, 12, 9, 8], [16, 12, 3, 4], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
  ['SAME_LOWER', [1, 12, 9, 8], [16, 12, 4, 2], { auto_pad: 'SAME_LOWER', strides: [1, 2] }],
  ['VALID', [1, 12, 9, 8], [16, 12, 3, 3], { auto_pad: 'VALID' }],
];
const METHODS = [
  ['svd', 2],
  ['spatial', 2],
  ['tucker-2', 3],
  ['cp', 4],
] as const;
const CASES = METHODS.flatMap(([method, nodes]) => FORMS.map((form) => [method, nodes, ...form] as const));

test.each(CASES)(
  '%s (%i nodes), %s: a kernel of rank 2 is the same with rank 2',
  async (method, nodes, _, input, kernel, attributes) => {
    const model = convolution(input, kernel, attributes);
    const { model: small, report } = await factorize(model, { method, rank: 2 });
    expect(opsOf(small)).toEqual(new Array(nodes).fill('Conv'));
    const [expected, actual] = await outputs(model, small, floats(input, 4));
    expect(relativeError(expected, actual)).toBeLessThan(method === 'cp' ? CP_SAME : SAME);
    expect([...small.graph.nodes()].at(-1)!.name).toBe('conv');
    const { macs } = report.layers[0]!;
    expect(macs!.after).toBeLessThan(macs!.before);
  },
);

/** Alternating least squares ends when a round gains less than 10^-6 of the energy: linear convergence leaves some hundred times as much. */
const CP_SAME = Math.sqrt(100 * 1e-6);

test.each<[string, readonly number[], readonly number[], FactorizeOptions, number]>([
  ['one axis, svd', [1, 12, 20], [16, 12, 5], { method: 'svd' }, 2],
  ['one axis, tucker-2', [1, 12, 20], [16, 12, 5], { method: 'tucker-2' }, 3],
  ['one axis, cp', [1, 12, 20], [16, 12, 5], { method: 'cp' }, 3],
  ['three axes, cp', [1, 12, 5, 6, 4], [16, 12, 3, 3, 2], { method: 'cp' }, 5],
  ['a kernel flat along one axis, cp', [1, 12, 9, 8], [16, 12, 3, 1], { method: 'cp' }, 3],
  ['1 x 1, svd', [1, 12, 9, 8], [16, 12, 1, 1], { method: 'svd' }, 2],
])('%s', async (_, input, kernel, options, nodes) => {
  const model = convolution(input, kernel, {});
  const { model: small } = await factorize(model, { rank: 2, ...options });
  expect(opsOf(small)).toHaveLength(nodes);
  const [expected, actual] = await outputs(model, small, floats(input, 4));
  expect(relativeError(expected, actual)).toBeLessThan(options.method === 'cp' ? CP_SAME : SAME);
});

test('strides of a flat axis are on the first stage of cp', async () => {
  const model = convolution([1, 12, 9, 8], [16, 12, 3, 1], { strides: [1, 2] });
  const { model: small } = await factorize(model, { method: 'cp', rank: 2 });
  const [expected, actual] = await outputs(model, small, floats([1, 12, 9, 8], 4));
  expect(relativeError(expected, actual)).toBeLessThan(CP_SAME);
});

test('multiply-accumulates are those of the nodes that are written', async () => {
  // No padding, and sizes that strides divide: positions of stages are the output's times the strides to come.
  const model = convolution([1, 12, 6, 6], [16, 12, 2, 2], { strides: [2, 2] });
  const counts = {
    svd: 9 * 2 * 64,
    spatial: 2 * (18 * 24 + 9 * 32),
    'tucker-2': 36 * 24 + 9 * (16 + 32),
    cp: 36 * 24 + 18 * 4 + 9 * 36,
  };
  for (const [method, macs] of Object.entries(counts)) {
    const { report } = await factorize(model, { method: method as 'svd', rank: 2 });
    expect([method, report.layers[0]!.macs!.after]).toEqual([method, macs]);
  }
});

test('what a method has nothing for is left, with the reason', async () => {
  const model = network([1, 8, 6, 6], (g, x) => {
    let h = g.op('Conv', [x, g.weight('w1', [8, 4, 3, 3], rankTwo([8, 4, 3, 3]))], { group: 2 }, { name: 'groups' });
    h = g.op('Conv', [h, g.weight('w2', [8, 8, 1, 1], rankTwo([8, 8, 1, 1]))], {}, { name: 'point' });
    h = g.op('ConvTranspose', [h, g.weight('w3', [8, 8, 2, 2], rankTwo([8, 8, 2, 2]))], {}, { name: 'up' });
    return g.op('MatMul', [h, g.weight('w4', [5, 5], rankTwo([5, 5]))], {}, { name: 'product' });
  });
  for (const method of ['tucker-2', 'cp', 'spatial'] as const) {
    const { report } = await factorize(model, { method, rank: 1 });
    expect(report.layers.map(({ action }) => action)).toEqual(['left', 'left', 'left', 'left']);
    expect(report.layers.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('2 groups'),
      expect.stringContaining('one'),
      'ConvTranspose has no factored form',
      `${method} is of convolutions: svd factors products`,
    ]);
  }
});

test('cp: a rank that is asked for and saves nothing leaves the layer, it is not made smaller', async () => {
  const model = network(['n', 12, 9, 8], (g, x) =>
    g.op('Conv', [x, g.weight('w', [16, 12, 3, 3], rankTwo([16, 12, 3, 3]))]),
  );
  // 34 parameters a rank: 1,728 / 34 is 50.
  const { report } = await factorize(model, { method: 'cp', rank: 60 });
  expect(report.layers[0]).toMatchObject({
    action: 'left',
    reason: expect.stringMatching(/^no rank that is allowed/) as string,
  });
});

test('an abort ends it between the fits of a layer', async () => {
  const stop = new AbortController();
  const stages: string[] = [];
  const onProgress = ({ stage }: { readonly stage: string }) => {
    stages.push(stage);
    if (stage === 'ranks') stop.abort(new Error('stopped'));
  };
  const options = { method: 'cp', budget: { of: 'bytes', share: 0.5 }, roundTo: 4 } as const;
  const model = await loadModel(join(__dirname, '../../../fixtures/models/resnet20-mnist.onnx'));
  await expect(factorize(model, { ...options, signal: stop.signal, onProgress })).rejects.toThrow('stopped');
  expect(stages.filter((stage) => stage === 'ranks')).toHaveLength(1);
});
