import { Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { mlp } from '../architectures/mlp.js';
import { toTrainingForm } from '../form/to-training-form.js';
import type { TrainingForm } from '../form/training-form.js';
import { openGates } from './hard-concrete.js';
import { insertSharedGates, type SharedGates } from './shared-gates.js';

const form = () => toTrainingForm(mlp([3, 4, 2]), { batch: 2, mode: 'evaluate' });
const logAlpha = Float32Array.of(-4, 0.3, 5);
/** Unit 2 of the four has no gate; weights and biases share the others. */
const gateOf = Int32Array.of(1, 0, -1, 2);
const gates: SharedGates = {
  ...{ name: 'hidden', logAlpha },
  axes: [
    { value: 'fc1.weight', axis: 0, gateOf },
    { value: 'fc1.bias', axis: 0, gateOf },
  ],
};
const refused = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;

function run({ model, parameters }: TrainingForm, factors?: readonly number[]): number[] {
  const feeds: Record<string, Tensor> = { input: Tensor.of('float32', [2, 3], Float32Array.of(1, 2, -1, 0.5, -2, 3)) };
  for (const { name, initial } of parameters) {
    const stride = name.endsWith('weight') ? 3 : 1;
    const isScaled = factors && name.startsWith('fc1');
    const data = initial.toFloat32().map((value, i) => (isScaled ? value * factors[Math.floor(i / stride)]! : value));
    feeds[name] = Tensor.of('float32', initial.dims, data);
  }
  return [...Object.values(evaluate(model, feeds))[0]!.toFloat32()];
}

test('slices of several values are multiplied by the same gates', () => {
  const gated = insertSharedGates(form(), [gates], false);
  expect(gated.parameters.filter(({ isAdded }) => isAdded).map(({ name }) => name)).toEqual(['gate/hidden']);
  const open = openGates(logAlpha);
  expect(open[0]).toBe(0);
  expect(open[1]).toBeCloseTo(1.2 / (1 + Math.exp(-0.3)) - 0.1, 6);
  expect(open[2]).toBe(1);
  const wanted = run(form(), [open[1]!, open[0]!, 1, open[2]!]);
  run(gated).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5));
});

test('in training one random number a gate', () => {
  expect(insertSharedGates(form(), [gates]).random).toEqual([{ name: 'random/gate/hidden', shape: [3] }]);
});

test.each([
  [{ value: 'fc9.weight', axis: 0, gateOf }],
  [{ value: 'fc1.weight', axis: 1, gateOf }],
  [{ value: 'fc1.weight', axis: 0, gateOf: Int32Array.of(0, 1, 2, 3) }],
])('%j is refused', (axis) => {
  expect(() => insertSharedGates(form(), [{ ...gates, axes: [axis] }])).toThrow(refused);
});
