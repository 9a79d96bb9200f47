import { Tensor } from '@gossamer/graph';
import { arrayDataset, mlp, type Sparsifier } from '@gossamer/train';
import { distill } from './distill.js';
import { numbers } from './testing/check-loss.js';

const [INPUTS, CLASSES, SAMPLES] = [6, 3, 24];
const data = arrayDataset({
  input: Tensor.fromNumbers('float32', [SAMPLES, INPUTS], numbers(SAMPLES * INPUTS, 1)),
});
const [student, teacher] = [mlp([INPUTS, 8, CLASSES], 1), mlp([INPUTS, 16, CLASSES], 2)];
const options = { batch: 8, epochs: 3, learningRate: 0.05, threads: 1, seed: 4 };
const mask = Uint8Array.from({ length: 8 * INPUTS }, (_, i) => (i % 4 < 2 ? 1 : 0));

test('masked weights stay 0 while a teacher is learned from, and the others move', async () => {
  const { model } = await distill(student, teacher, data, { ...options, masks: new Map([['fc1.weight', mask]]) });
  const before = student.graph.value('fc1.weight')!.constant!.toFloat32();
  const after = model.graph.value('fc1.weight')!.constant!.toFloat32();
  mask.forEach((keep, i) => expect(after[i] === 0).toBe(keep === 0));
  expect(after.filter((value, i) => mask[i] === 1 && value !== before[i]).length).toBe((8 * INPUTS) / 2);
});

test('a sparsifier sees the gradients of the teacher: what moves to 0 goes', async () => {
  const scores = new Float32Array(8 * INPUTS);
  const sparsifier: Sparsifier = {
    parameters: ['fc1.weight'],
    digest: 'movement of one layer',
    beforeStep({ step, steps, parameters }) {
      const { weight, gradient, mask: own } = parameters.get('fc1.weight')!;
      weight.forEach((value, i) => (scores[i]! -= gradient[i]! * value));
      if (step < steps - 3) return;
      const least = [...scores].sort((a, b) => a - b)[24]!;
      scores.forEach((score, i) => (own[i] = score < least ? 0 : 1));
      weight.forEach((value, i) => (weight[i] = value * own[i]!));
    },
  };
  const { model, masks } = await distill(student, teacher, data, { ...options, sparsifier });
  expect(scores.some((score) => score !== 0)).toBe(true);
  const after = model.graph.value('fc1.weight')!.constant!.toFloat32();
  expect([...after].filter((value) => value === 0).length).toBeGreaterThanOrEqual(24);
  masks.get('fc1.weight')!.forEach((keep, i) => expect(keep === 1 || after[i] === 0).toBe(true));
});
