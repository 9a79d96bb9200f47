import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { dataFromArrays } from '@gossamer/runtime';
import { arrayDataset } from '@gossamer/train';
import { ALGORITHMS } from './algorithms/registry.js';
import { rateDistortion } from './algorithms/rate-distortion.js';
import { dequantizeMatrix } from './grid/quantized-matrix.js';
import type { QuantizeOptions } from './options.js';
import { keptOf } from './preserve.js';
import { quantizeAware } from './qat/quantize-aware.js';
import { quantize } from './quantize.js';
import { runOrt } from './testing/ort.js';
import { correlatedInputs, meanProduct, normalLike, weightProblem } from './testing/problem.js';

const [INNER, OUTER, SAMPLES] = [64, 32, 256];
/** Weights of which two of every four inputs are 0, which no scale of a channel hides. */
const pruned = normalLike(INNER * OUTER, 5).map((value, i) => (Math.floor(i / OUTER) % 4 < 2 ? value + 0.3 : 0));
const inputs = correlatedInputs(SAMPLES, INNER, 9);

/** One product: what identity gives is its weight. */
function product(weight = pruned): Model {
  const g = new GraphBuilder('product');
  const x = g.input('x', 'float32', ['n', INNER]);
  return g.output(g.op('MatMul', [x, g.weight('w', [INNER, OUTER], weight)]), 'y').model();
}

const data = () => dataFromArrays({ x: Tensor.of('float32', [SAMPLES, INNER], inputs) });
const plain = { optimize: false, costModel: false, accuracyLevel: 1, edgeBits: 4 } as const;

/** How many of the zeros of `pruned` ONNX Runtime still sees, and what it sees of the rest. */
async function seen(model: Model): Promise<{ lost: number; left: number }> {
  const identity = Float32Array.from({ length: INNER * INNER }, (_, i) => (i % (INNER + 1) === 0 ? 1 : 0));
  const { y } = await runOrt(model, { x: Tensor.of('float32', [INNER, INNER], identity) });
  const values = y!.toFloat32();
  const lost = values.filter((value, i) => pruned[i] === 0 && value !== 0).length;
  return { lost, left: values.filter((value) => value !== 0).length };
}

async function check(options: QuantizeOptions): Promise<string> {
  const { model, report } = await quantize(product(), { ...plain, ...options });
  const { lost, left } = await seen(model);
  expect(lost).toBe(0);
  expect(left).toBeGreaterThan((INNER * OUTER) / 4);
  return report.layers[0]!.reason;
}

describe('zeros of a pruned weight stay zeros', () => {
  const weightOnly = { mode: 'weight-only' } as const;

  it.each([
    'int8',
    'uint8',
    'int4',
    'uint4',
    'int2',
    'uint3',
    'nf4',
    'fp4',
    'float8e4m3fn',
    'codebook3',
    'pot4',
    'apot4',
  ])('in %s', async (weights) => {
    await check({ ...weightOnly, weights: weights as 'int8' });
    await check({ ...weightOnly, weights: weights as 'int8', granularity: 'perAxis' });
  });

  it.each([...ALGORITHMS.map(({ name }) => name), 'brecq'])('by %s', async (algorithm) => {
    for (const weights of ['uint3', 'codebook3'] as const) {
      const reason = await check({ ...weightOnly, weights, algorithm, data: data() });
      // Held to what rounding gives, these are still better.
      if (['gptq', 'gptaq', 'adaround'].includes(algorithm)) expect(reason).toContain(algorithm);
    }
  });

  it('in one scale a row, which columns by energy share', async () => {
    await check({ ...weightOnly, weights: 'int4', granularity: 'perAxis', algorithm: 'gptq', data: data() });
  });

  it.each([
    { mode: 'static', weights: 'int8' },
    { mode: 'static', weights: 'uint8', activations: 'uint8' },
    { mode: 'static', weights: 'int8', algorithm: 'adaround' },
    { mode: 'static', weights: 'int8', algorithm: 'brecq' },
    { mode: 'static', weights: 'int8', biasCorrection: true, equalize: 'smooth' },
    { mode: 'weight-only', weights: 'int4', equalize: 'awq', algorithm: 'gptq' },
  ] as const)('as %j', async (options) => {
    const { lost } = await seen((await quantize(product(), { ...plain, ...options, data: data() })).model);
    expect(lost).toBe(0);
  });

  it('in dynamic mode', async () => {
    expect((await seen((await quantize(product(), { mode: 'dynamic', optimize: false })).model)).lost).toBe(0);
  });

  it('and are lost without, where errors are made up for', async () => {
    const options = { ...weightOnly, ...plain, weights: 'uint3', algorithm: 'gptq', data: data() } as const;
    const { model } = await quantize(product(), { ...options, preserve: 'none' });
    expect((await seen(model)).lost).toBeGreaterThan(0);
  });

  it('in training with codes', async () => {
    const labels = BigInt64Array.from({ length: SAMPLES }, (_, i) => BigInt(i % OUTER));
    const dataset = arrayDataset({
      x: Tensor.of('float32', [SAMPLES, INNER], inputs),
      labels: Tensor.of('int64', [SAMPLES], labels),
    });
    const options = {
      epochs: 2,
      batch: 64,
      learningRate: 0.01,
      weightBits: 4,
      activationBits: 8,
      edgeBits: 4,
    } as const;
    const { model, trained } = await quantizeAware(product(), dataset, options);
    expect(await seen(trained)).toEqual({ lost: 0, left: (INNER * OUTER) / 2 });
    expect((await seen(model)).lost).toBe(0);
    const free = await quantizeAware(product(), dataset, { ...options, preserve: 'none' });
    expect((await seen(free.trained)).lost).toBeGreaterThan(100);
    await expect(quantizeAware(product(), dataset, { preserve: 'all' as 'zeros' })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_QUANTIZE_OPTION' }) as Error,
    );
  });
});

test('codes of least rate keep them, too', async () => {
  const [rows, columns] = [8, 32];
  const weights = normalLike(rows * columns, 3).map((value, i) => (i % 3 === 0 ? 0 : value));
  const kept = keptOf(weights, 'auto')!;
  const x = correlatedInputs(200, columns, 4);
  const problem = weightProblem(rows, columns, 3, { data: weights, kept, second: meanProduct(x, x, columns) });
  const values = dequantizeMatrix(await rateDistortion(problem, { lambda: 1e-3 }));
  expect([...values].filter((value, i) => kept[i] === 0 && value !== 0)).toEqual([]);
});

describe('which weights are held', () => {
  const few = Float32Array.from({ length: 100 }, (_, i) => (i < 9 ? 0 : 1));
  const many = Float32Array.from({ length: 100 }, (_, i) => (i < 10 ? 0 : 1));

  it('those of which a tenth is 0, all, or none', () => {
    expect(keptOf(few, 'auto')).toBeUndefined();
    expect(keptOf(many, 'auto')).toEqual(Uint8Array.from(many));
    expect(keptOf(few, 'zeros')).toEqual(Uint8Array.from(few));
    expect(keptOf(many, 'none')).toBeUndefined();
    expect(keptOf(many.fill(1), 'zeros')).toBeUndefined();
  });

  it('never with a rotation, which mixes them', async () => {
    await expect(quantize(product(), { preserve: 'zeros', equalize: 'rotate' })).rejects.toThrow('preserve');
    await expect(quantize(product(), { preserve: 'ones' as 'zeros' })).rejects.toThrow('preserve');
  });
});
