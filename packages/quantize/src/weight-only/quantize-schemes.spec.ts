import { join } from 'node:path';
import { GraphBuilder, type Model, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { dataFromArrays, Session } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';

const fixture = (name: string) => join(__dirname, '../../../../fixtures/models', name);
const code = (text: string): Error => expect.objectContaining({ code: text }) as Error;
const [inner, width, samples] = [32, 48, 64];

/** Two products whose inputs are strongly correlated. */
function chain(): Model {
  const g = new GraphBuilder('chain', { opset: 17 });
  const wave = (length: number, phase: number) =>
    Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7 + phase) + 0.3 * Math.cos(i * 0.31));
  const x = g.input('x', 'float32', ['n', width]);
  const hidden = g.op('Relu', [g.op('MatMul', [x, g.weight('a', [width, inner], wave(width * inner, 1))])]);
  return g
    .output(g.op('MatMul', [hidden, g.weight('b', [inner, 24], wave(inner * 24, 2))]), 'y', 'float32', ['n', 24])
    .model();
}

const x = Tensor.of(
  'float32',
  [samples, width],
  Float32Array.from(
    { length: samples * width },
    (_, i) => Math.sin((Math.floor(i / width) + 1) * (1 + (i % width) / 40)) + 0.05 * Math.cos(i * i),
  ),
);
const data = () => dataFromArrays({ x });

async function noise(options: QuantizeOptions): Promise<number> {
  const { model } = await quantize(chain(), { mode: 'weight-only', accuracyLevel: 1, ...options });
  const [before, after] = await Promise.all([chain(), model].map(outputs));
  return after!.reduce((sum, value, i) => sum + (value - before![i]!) ** 2, 0);
}

async function outputs(model: Model): Promise<Float32Array> {
  const session = await Session.open(model, { engine: 'ort' });
  const { y } = await session.run({ x });
  await session.dispose();
  return y!.toFloat32();
}

describe('weights by schemes and algorithms', () => {
  const low: QuantizeOptions = { weights: 'uint3', edgeBits: 3, blockSize: 16 };

  it.each(['gptq', 'adaround'])('%s loses less than rounding to nearest', async (algorithm) => {
    expect(await noise({ ...low, algorithm, data: data() })).toBeLessThan(0.8 * (await noise(low)));
  });

  it('importance loses less than a clip search that holds all columns alike', async () => {
    const clipped = { ...low, clip: true };
    expect(await noise({ ...clipped, algorithm: 'importance', data: data() })).toBeLessThan(await noise(clipped));
  });

  it('gives the same bytes again', async () => {
    const [first, second] = [
      await noise({ ...low, algorithm: 'gptq', data: data() }),
      await noise({ ...low, algorithm: 'gptq', data: data() }),
    ];
    expect(second).toBe(first);
  });

  it('keeps edges in 8 bits, follows rules of layers, and says what it did', async () => {
    const rules = [{ match: 'MatMul_1', weights: 'nf4' }];
    const all = await quantize(chain(), { mode: 'weight-only', weights: 'int3', blockSize: 16 });
    const [first, last] = all.report.layers;
    expect(first!.reason).toBe('int3, a scale for 16 weights, nearest, floats when the model is open');
    expect(last!.reason).toBe('int8, a scale for 16 weights, nearest, MatMulNBits');
    const ruled = await quantize(chain(), {
      mode: 'weight-only',
      weights: 'int3',
      layers: rules.map((rule) => ({ ...rule, match: last!.name })),
    });
    expect(ruled.report.layers.map(({ reason }) => reason.split(',')[0])).toEqual(['int3', 'nf4']);
  });

  it('writes 3 bits a weight', async () => {
    const { report } = await quantize(chain(), {
      mode: 'weight-only',
      weights: 'int3',
      edgeBits: 3,
      granularity: 'perAxis',
    });
    const elements = width * inner + inner * 24;
    expect(report.bytes.after).toBeLessThan((3 * elements) / 8 + 4 * (inner + 24) + 400);
  });

  it.each(['int3', 'codebook4', 'nf4'])(
    'resnet20 in %s runs in ONNX Runtime, all its convolutions',
    async (weights) => {
      const model = await loadModel(fixture('resnet20-mnist.onnx'));
      const { model: small, report } = await quantize(model, { mode: 'weight-only', weights });
      expect(
        report.layers.filter(({ op, action }) => op === 'Conv' && action === 'weight-only').length,
      ).toBeGreaterThan(18);
      const session = await Session.open(small, { engine: 'ort' });
      const { logits } = await session.run({
        input: Tensor.of('float32', [1, 1, 28, 28], new Float32Array(784).fill(0.5)),
      });
      await session.dispose();
      expect(logits!.toFloat32().every(Number.isFinite)).toBe(true);
    },
  );

  it.each<[QuantizeOptions, string]>([
    [{ mode: 'weight-only', algorithm: 'gptq' }, 'ERR_CALIBRATION_DATA'],
    [{ mode: 'weight-only', algorithm: 'gptk' }, 'ERR_QUANTIZE_OPTION'],
    [{ mode: 'weight-only', weights: 'int9' }, 'ERR_QUANTIZE_OPTION'],
    [{ mode: 'weight-only', weights: 'int3', edgeBits: 1 }, 'ERR_QUANTIZE_OPTION'],
    [{ mode: 'weight-only', weights: 'int3', blockSize: 0 as never }, 'ERR_QUANTIZE_OPTION'],
    [{ mode: 'dynamic', algorithm: 'gptq' }, 'ERR_QUANTIZE_OPTION'],
    [{ mode: 'dynamic', weights: 'int3' }, 'ERR_QUANTIZE_OPTION'],
    [{ mode: 'dynamic', layers: [{ match: 'MatMul', weights: 'int3' }] }, 'ERR_QUANTIZE_OPTION'],
  ])('%j is refused', async (options, expected) => {
    await expect(quantize(chain(), options)).rejects.toThrow(code(expected));
  });

  it.each(['codebook4', 'uint3', 'float8e4m3fn', 'float16'])('knows %s again', async (weights) => {
    const { model } = await quantize(chain(), { mode: 'weight-only', weights });
    await expect(quantize(model, { mode: 'dynamic' })).rejects.toThrow(code('ERR_ALREADY_QUANTIZED'));
    await quantize(model, { mode: 'dynamic', requantize: true });
  });
});
