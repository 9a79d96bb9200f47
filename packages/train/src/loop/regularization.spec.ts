import { GraphBuilder, Tensor } from '@gossamer/graph';
import { arrayDataset } from '../data/array-dataset.js';
import { meanSquaredError } from '../losses/mean-squared-error.js';
import type { RegularizerTerm } from './regularization.js';
import type { TrainOptions } from './train-options.js';
import { train } from './train.js';

const SAMPLES = 60;

/** One Gemm that has to find y = 2 x0 - x1 among 3 independent inputs; its weight after 40 epochs. */
async function trainedWeight(options: Partial<TrainOptions>): Promise<readonly number[]> {
  const g = new GraphBuilder('line');
  const w = g.weight('w', [3, 1], Float32Array.of(0.1, 0.2, 0.3));
  const y = g.op('Gemm', [g.input('x', 'float32', ['n', 3]), w, g.weight('b', [1], new Float32Array(1))]);
  const x = Float32Array.from({ length: 3 * SAMPLES }, (_, i) => Math.sin(i * i * 1.7));
  const targets = Float32Array.from({ length: SAMPLES }, (_, i) => 2 * x[3 * i]! - x[3 * i + 1]!);
  const dataset = arrayDataset({
    x: Tensor.of('float32', [SAMPLES, 3], x),
    targets: Tensor.of('float32', [SAMPLES, 1], targets),
  });
  const { model } = await train(g.output(y, 'y').model(), dataset, {
    losses: [{ loss: meanSquaredError() }],
    batch: 20,
    epochs: 40,
    optimizer: 'sgd',
    learningRate: 0.3,
    engine: 'reference',
    ...options,
  });
  return [...model.graph.value('w')!.initializer!.toFloat32()];
}

const groups = (strength: number, name = 'w', axis = 0): Partial<TrainOptions> => ({
  regularizers: [{ regularizer: 'group-lasso', strength, tensors: [{ name, axis }] } satisfies RegularizerTerm],
});

describe('regularizers of a training', () => {
  it('bring what is of no use to exactly 0, and shrink the rest', async () => {
    const plain = await trainedWeight({});
    const sparse = await trainedWeight(groups(0.2));
    expect(plain[2]).not.toBe(0);
    expect(sparse[2]).toBe(0);
    expect(Math.abs(sparse[0]!)).toBeLessThan(Math.abs(plain[0]!));
    expect(Math.abs(sparse[0]!)).toBeGreaterThan(1);
    expect(await trainedWeight(groups(100))).toEqual([0, 0, 0]);
  });

  it('of strength 0 change nothing', async () => {
    expect(await trainedWeight(groups(0))).toEqual(await trainedWeight({}));
  });

  it('are refused where they do not fit, before training', async () => {
    const code = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
    await expect(trainedWeight(groups(1, 'v'))).rejects.toThrow(code);
    await expect(trainedWeight(groups(1, 'w', 2))).rejects.toThrow(code);
    await expect(trainedWeight(groups(-1))).rejects.toThrow(code);
  });
});
