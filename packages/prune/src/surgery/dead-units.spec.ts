import { Tensor } from '@gossamer/graph';
import { buildArchitecture, writeBack } from '@gossamer/train';
import { runOrt } from '../testing/ort.js';
import { deadUnits } from './dead-units.js';
import { removeUnits } from './remove-units.js';

test('neurons without readers, or that are 0 whatever comes in, are dead; their removal changes nothing', async () => {
  const first = buildArchitecture('mlp-6-8-4', 2);
  const [w1, w2] = ['fc1.weight', 'fc2.weight'].map((name) =>
    first.graph.value(name)!.initializer!.toFloat32().slice(),
  );
  // Neuron 0 has no inputs and no bias, neuron 3 has a bias.
  w1!.fill(0, 0, 6);
  w1!.fill(0, 3 * 6, 4 * 6);
  for (let row = 0; row < 4; row++) w2![row * 8 + 5] = 0;
  const bias = Float32Array.from({ length: 8 }, (_, i) => 0.1 * i);
  const model = writeBack(
    first,
    new Map([
      ['fc1.weight', w1!],
      ['fc2.weight', w2!],
      ['fc1.bias', bias],
    ]),
  );
  const dead = deadUnits(model);
  expect(dead.map(({ members }) => [...members[0]!.indices])).toEqual([[0], [5]]);
  const small = removeUnits(model, dead).model;
  expect(small.graph.value('fc1.weight')!.initializer!.dims).toEqual([6, 6]);
  const feeds = {
    input: Tensor.of(
      'float32',
      [2, 6],
      Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)),
    ),
  };
  const [before, after] = [await runOrt(model, feeds), await runOrt(small, feeds)];
  before['logits']!.toFloat32().forEach((value, i) => expect(after['logits']!.toFloat32()[i]).toBeCloseTo(value, 5));
});

test('of a layer that is all 0, biases too, one unit stays', () => {
  const first = buildArchitecture('mlp-6-8-4', 2);
  const model = writeBack(first, new Map([['fc1.weight', new Float32Array(48)]]));
  expect(deadUnits(model)).toHaveLength(7);
});
