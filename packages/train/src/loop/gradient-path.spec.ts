import type { Model } from '@gossamer/graph';
import { loadSafetensors } from '@gossamer/graph/safetensors';
import { serializeModel } from '@gossamer/graph/onnx';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mlp } from '../architectures/mlp.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { nativeArithmetic, portableArithmetic } from './gradient-arithmetic.js';
import { blobs, CLASSES, INPUTS } from './testing/blobs.js';
import { train } from './train.js';
import type { GradientQuantizationOptions, TrainOptions } from './train-options.js';

const net = () => mlp([INPUTS, 16, CLASSES], 3);
const base: TrainOptions = { losses: [{ loss: crossEntropy() }], batch: 16, seed: 5, threads: 1 };
/** One update of plain descent at rate 1: weights move by their gradients. */
const one: TrainOptions = { ...base, steps: 1, optimizer: 'sgd', learningRate: 1 };

const weightOf = (model: Model, name: string) => model.graph.value(name)!.initializer!.toFloat32();

/** How far each weight of `name` moved. */
async function moves(name: string, options: TrainOptions): Promise<number[]> {
  const before = weightOf(net(), name);
  const { model } = await train(net(), blobs(100), options);
  return [...weightOf(model, name)].map((w, i) => w - before[i]!);
}

/** Weights are below 1 in magnitude, and so are their moves: what two roundings lose. */
const ROUNDING = 2 ** -23;

describe('gradients on their way to the optimiser', () => {
  test.each([1, 2])('clipValue limits every element of the mean over %i batches', async (accumulate) => {
    const free = await moves('fc1.weight', { ...one, accumulate });
    const limit = Math.max(...free.map(Math.abs)) / 3;
    const limited = await moves('fc1.weight', { ...one, accumulate, clipValue: limit });
    limited.forEach((move, i) => {
      const expected = Math.max(-limit, Math.min(limit, free[i]!));
      expect(Math.abs(move - expected)).toBeLessThan(2 * ROUNDING);
    });
  });

  test.each(['native', 'ort', 'reference'] as const)('%s: updates see quantized gradients only', async (engine) => {
    const quantized = (gradientQuantization: GradientQuantizationOptions) =>
      moves('fc1.weight', { ...one, engine, gradientQuantization });
    const bySign = (await quantized({ kind: 'sign' })).map(Math.abs);
    expect(Math.max(...bySign) - Math.min(...bySign)).toBeLessThan(2 * ROUNDING);
    const free = await moves('fc1.weight', { ...one, engine });
    const largest = Math.max(...free.map(Math.abs));
    for (const move of await quantized({ kind: 'dorefa', bits: 2 })) {
      // Two bits: -M, -M / 3, M / 3, M.
      const level = (move / largest + 1) * 1.5;
      expect(Math.abs(level - Math.round(level)) * largest).toBeLessThan(6 * ROUNDING);
    }
    const norm = Math.sqrt(free.reduce((sum, move) => sum + move * move, 0));
    for (const move of await quantized({ kind: 'qsgd', levels: 1 }))
      expect(Math.abs(Math.abs(move) - (move === 0 ? 0 : norm))).toBeLessThan(4 * ROUNDING);
  });

  test('a masked weight has no part in the levels of the others', async () => {
    const mask = new Uint8Array(16 * INPUTS).fill(1, 0, 8);
    const masks = new Map([['fc1.weight', mask]]);
    const free = (await moves('fc1.weight', { ...one, masks })).slice(0, 8);
    const mean = free.reduce((sum, move) => sum + Math.abs(move), 0) / mask.length;
    const options: TrainOptions = { ...one, masks, gradientQuantization: { kind: 'sign' } };
    for (const move of (await moves('fc1.weight', options)).slice(0, 8))
      expect(Math.abs(Math.abs(move) - mean)).toBeLessThan(2 * ROUNDING);
  });

  const kinds: GradientQuantizationOptions[] = [
    { kind: 'qsgd', bucket: 64 },
    { kind: 'qsgd', levels: 1, errorFeedback: true },
    { kind: 'dorefa', bits: 4 },
    { kind: 'sign' },
  ];

  test.each(kinds)('%j: learns, and goes on from a checkpoint to the same bytes', async (gradientQuantization) => {
    const folder = await mkdtemp(join(tmpdir(), 'gossamer-train-'));
    try {
      const checkpoint = { path: join(folder, 'state.safetensors') };
      const options: TrainOptions = { ...base, epochs: 6, learningRate: 0.01, clipNorm: 1, gradientQuantization };
      const whole = await train(net(), blobs(200), options);
      expect(whole.history[5]!.loss).toBeLessThan(0.7 * whole.history[0]!.loss);
      const abort = new AbortController();
      const onStep = ({ step }: { step: number }) => step === 17 && abort.abort(new Error('stopped'));
      const interrupted = train(net(), blobs(200), { ...options, checkpoint, signal: abort.signal, onStep });
      await expect(interrupted).rejects.toThrow('stopped');
      const { tensors } = await loadSafetensors(checkpoint.path);
      const residual = tensors.get('residual/fc1.weight')?.toFloat32();
      const hasMemory = gradientQuantization.errorFeedback ?? gradientQuantization.kind === 'sign';
      expect(residual?.some((lost) => lost !== 0) ?? false).toBe(hasMemory);
      const resumed = await train(net(), blobs(200), { ...options, checkpoint });
      expect(serializeModel(resumed.model)).toEqual(serializeModel(whole.model));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  const refused: [string, Partial<TrainOptions>][] = [
    ['a quantizer that is not there', { gradientQuantization: { kind: 'ternary' } as never }],
    ['bits out of range', { gradientQuantization: { kind: 'dorefa', bits: 0 } }],
    ['clipValue 0', { clipValue: 0 }],
    ['clipNorm NaN', { clipNorm: NaN }],
  ];
  test.each(refused)('refuses %s before the first update', async (_, options) => {
    const onStep = () => expect(true).toBe(false);
    await expect(train(net(), blobs(20), { ...one, ...options, onStep })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error,
    );
  });
});

test('kernels and plain TypeScript scale and add to the same bits', () => {
  const noise = (salt: number) =>
    Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i * 12.9898 + salt) * 2 ** (i % 40));
  const [a, b] = [noise(1), noise(2)];
  const results = [nativeArithmetic, portableArithmetic].map(({ add, scale }) => {
    const arrays = [a.slice(), b.slice()] as const;
    scale(arrays, 1 / 3);
    add([arrays[0]], [arrays[1]]);
    return arrays.map((array) => new Uint32Array(array.buffer));
  });
  expect(results[0]).toEqual(results[1]);
});
