import { Tensor } from '@gossamer/graph';
import { mlp } from '../architectures/mlp.js';
import { arrayDataset } from '../data/array-dataset.js';
import { crossEntropy } from '../losses/cross-entropy.js';
import { train } from './train.js';

const data = (label: number) =>
  arrayDataset({
    input: Tensor.of('float32', [4, 2], new Float32Array(8)),
    labels: Tensor.fromNumbers('int64', [4], [0, 1, label, 0]),
  });

describe.each(['native', 'ort', 'reference'] as const)('on %s', (engine) => {
  const run = (label: number) =>
    train(mlp([2, 3]), data(label), { losses: [{ loss: crossEntropy() }], batch: 4, steps: 1, engine, threads: 1 });

  test.each([3, -1, -100])('a label %d of 3 classes is refused', async (label) => {
    await expect(run(label)).rejects.toMatchObject({
      code: 'ERR_TRAIN_DATA',
      message: `data labels: expected integers in [0, 3), received ${label}`,
    });
  });

  test('the last class is taken', async () => {
    expect((await run(2)).steps).toBe(1);
  });
});
