import { GraphBuilder, type Model } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crossEntropy } from '../losses/cross-entropy.js';
import { blobs, CLASSES, INPUTS } from './testing/blobs.js';
import { train } from './train.js';
import type { TrainOptions } from './train-options.js';

/** A layer whose outputs are normalised by their batch. */
function normalised(): Model {
  const g = new GraphBuilder('net', { opset: 21 });
  const weights = Float32Array.from({ length: INPUTS * CLASSES }, (_, i) => Math.sin(i));
  const x = g.op('MatMul', [g.input('input', 'float32', ['n', INPUTS]), g.weight('w', [INPUTS, CLASSES], weights)]);
  const filled = (name: string, value: number) => g.weight(name, [CLASSES], new Float32Array(CLASSES).fill(value));
  const norm = [x, filled('scale', 1), filled('shift', 0), filled('mean', 0), filled('variance', 1)];
  return g.output(g.op('BatchNormalization', norm), 'logits').model();
}

test('an update that is interrupted between its batches is made again as a whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-train-'));
  try {
    const losses = [{ loss: crossEntropy() }];
    const options: TrainOptions = { losses, batch: 8, accumulate: 2, steps: 3, threads: 1, engine: 'reference' };
    const checkpoint = { path: join(folder, 'state.safetensors') };
    const abort = new AbortController();
    /** Ends work at the second batch of the second update, as a teacher does that hears the signal. */
    const stopping = (step: number) => {
      if (step === 3) abort.abort(new Error('stopped'));
      abort.signal.throwIfAborted();
      return Promise.resolve();
    };
    let stop: ((step: number) => Promise<void>) | undefined;
    const companions = {
      names: [],
      compute: (_: unknown, { step }: { readonly step: number }) => stop?.(step) ?? Promise.resolve(),
    };
    const whole = await train(normalised(), blobs(64), { ...options, companions });
    stop = stopping;
    const interrupted = train(normalised(), blobs(64), { ...options, companions, checkpoint, signal: abort.signal });
    await expect(interrupted).rejects.toThrow('stopped');
    stop = undefined;
    const resumed = await train(normalised(), blobs(64), { ...options, companions, checkpoint });
    expect(serializeModel(resumed.model)).toEqual(serializeModel(whole.model));
  } finally {
    await rm(folder, { recursive: true });
  }
});
