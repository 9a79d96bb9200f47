import { classWeights } from './class-weights.js';

test('what the teacher is not sure of weighs nothing unless it is real, and classes weigh alike', () => {
  const logits = Float32Array.from([
    ...[0.1, 0, 0], // Real: unsure, and kept.
    ...[9, 0, 0],
    ...[0.1, 0, 0],
    ...[0, 9, 0],
  ]);
  expect([...classWeights(logits, 3, 1)]).toEqual([0.5, 0.5, 0, 1]);
});
