import { Tensor } from '@gossamer/graph';
import { mlp } from '../architectures/mlp.js';
import { toTrainingForm } from '../form/to-training-form.js';
import { buildTrainingGraph } from '../step/build-training-graph.js';
import { expectedGates, insertGates } from './hard-concrete.js';

const form = () => toTrainingForm(mlp([3, 4, 2]), { batch: 2 });
const gates = (value: string, dims: readonly number[]) => ({
  value,
  logAlpha: Tensor.of('float32', dims, new Float32Array(dims.reduce((a, b) => a * b, 1))),
});
const refused = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;

test('gates become parameters with random numbers of their own, in training', () => {
  const gated = insertGates(form(), [gates('fc1.weight', [4, 1])]);
  expect(gated.parameters.at(-1)).toMatchObject({ name: 'gate/fc1.weight', isAdded: true });
  expect(gated.random).toEqual([{ name: 'random/gate/fc1.weight', shape: [4, 1] }]);
  expect(insertGates(form(), [gates('fc1.weight', [4, 1])], false).random).toEqual([]);
});

test.each<[string, string, number[]]>([
  ['a value that the form does not have', 'fc9.weight', [1]],
  ['a shape that does not broadcast to the value', 'fc1.weight', [3, 1]],
  ['a shape of more axes than the value', 'fc1.weight', [2, 4, 1]],
])('%s is refused', (_, value, dims) => {
  expect(() => insertGates(form(), [gates(value, dims)])).toThrow(refused);
});

test('gates of a value that has some are refused', () => {
  const once = insertGates(form(), [gates('fc1.weight', [4, 1])]);
  expect(() => insertGates(once, [gates('fc1.weight', [4, 1])])).toThrow(refused);
});

test('a count of the gates of no value is refused', () => {
  expect(() => buildTrainingGraph(form(), [{ loss: expectedGates([]) }])).toThrow(refused);
});
