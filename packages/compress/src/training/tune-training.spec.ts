import { GraphBuilder, Tensor } from '@gossamer/graph';
import { openData, saveArrays } from '@gossamer/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxModel } from '../onnx-model.js';
import { tuneTraining } from './tune-training.js';

/** Two layers of the same weights, with `activation` between. */
function net(activation: string): OnnxModel {
  const g = new GraphBuilder('net');
  const weight = (name: string, rows: number, columns: number) =>
    g.weight(
      name,
      [rows, columns],
      Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i)),
    );
  const hidden = g.op(activation, [g.op('MatMul', [g.input('input', 'float32', ['n', 4]), weight('w1', 4, 5)])]);
  return new OnnxModel(g.output(g.op('MatMul', [hidden, weight('w2', 5, 2)]), 'logits').model());
}

test('a search does not go on from the journal of a model with other layers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gossamer-tune-'));
  try {
    const input = Tensor.fromNumbers(
      'float32',
      [12, 4],
      Array.from({ length: 48 }, (_, i) => Math.cos(i)),
    );
    const labels = Tensor.fromNumbers(
      'int64',
      [12],
      Array.from({ length: 12 }, (_, i) => i % 2),
    );
    await saveArrays(join(folder, 'train.npz'), { input, labels });
    const data = await openData(`npz:${join(folder, 'train.npz')}`);
    const space = { learningRate: { kind: 'log-uniform', low: 1e-3, high: 1e-1 } } as const;
    const options = { data, space, trials: 1, folds: 2, batch: 4, threads: 1, run: folder };
    const { best } = await tuneTraining(net('Relu'), options);
    expect((await tuneTraining(net('Relu'), options)).best).toEqual(best);
    await expect(tuneTraining(net('Tanh'), options)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CHECKPOINT' }) as Error,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
