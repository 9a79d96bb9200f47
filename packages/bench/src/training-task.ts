import { Tensor } from '@gossamer/graph';
import { arrayDataset, buildArchitecture, crossEntropy, train } from '@gossamer/train';
import { normalArray } from './training/normal-array.js';

const SAMPLES = 1280;

/** One task of the suite parallel-training: trains LeNet-5 for some updates; gives the last loss. */
export default async function trainingTask({ seed, steps }: { seed: number; steps: number }): Promise<number> {
  const dataset = arrayDataset({
    input: Tensor.of('float32', [SAMPLES, 1, 28, 28], normalArray(SAMPLES * 784, 1, seed)),
    labels: Tensor.fromNumbers(
      'int64',
      [SAMPLES],
      Array.from({ length: SAMPLES }, (_, i) => i % 10),
    ),
  });
  const options = { losses: [{ loss: crossEntropy() }], batch: 128, steps, seed, threads: 1 };
  const { history } = await train(buildArchitecture('lenet-5'), dataset, options);
  return history.at(-1)!.loss;
}
