import { type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { arrayDataset, crossEntropy, type Dataset, fillUniform, mlp, train } from '@gossamer/train';

const INPUTS = 8;
const CLASSES = 3;

/** `count` points around three corners of a cube. */
export function points(count: number, seed = 1): Tensor {
  const noise = new Float32Array(count * INPUTS);
  fillUniform(noise, seed, 0, 0);
  const data = noise.map((u, i) => 2 * u - 1 + (i % INPUTS === labelOf(Math.floor(i / INPUTS)) ? 2 : 0));
  return Tensor.of('float32', [count, INPUTS], data);
}

const labelOf = (sample: number): number => (sample * 7 + (sample >> 2)) % CLASSES;

/** Unlabelled points. */
export const pointData = (count: number, seed?: number): Dataset => arrayDataset({ input: points(count, seed) });

/** A net of 8 inputs and 3 classes that knows the points. */
export async function toyTeacher(): Promise<Model> {
  const labels = Tensor.fromNumbers(
    'int64',
    [300],
    Array.from({ length: 300 }, (_, i) => labelOf(i)),
  );
  const data = arrayDataset({ input: points(300), labels });
  const options = { losses: [{ loss: crossEntropy() }], batch: 32, steps: 120, learningRate: 0.01, threads: 1 };
  return (await train(mlp([INPUTS, 24, 16, CLASSES], 3), data, options)).model;
}

/** A smaller net with random weights. */
export const toyStudent = (seed = 9): Model => mlp([INPUTS, 12, CLASSES], seed);

/** Share of points, seen by nobody, of which both say the same class. */
export function agreement(a: Model, b: Model): number {
  const input = points(400, 77);
  const [first, second] = [a, b].map((model) => classesOf(evaluate(model, { input })['logits']!)) as [
    number[],
    number[],
  ];
  return first.filter((label, i) => label === second[i]).length / first.length;
}

function classesOf(logits: Tensor): number[] {
  const data = logits.toFloat32();
  return Array.from({ length: logits.dims[0]! }, (_, i) => {
    const row = [...data.subarray(i * CLASSES, (i + 1) * CLASSES)];
    return row.indexOf(Math.max(...row));
  });
}
