import { buildArchitecture, writeBack } from '@gossamer/train';
import { narrow } from './narrow.js';

test('the units of the largest product of norms stay, in their order', () => {
  const first = buildArchitecture('mlp-3-4-2', 1);
  // Rows of fc1 have the norms 1, 2, 3, 4, columns of fc2 the norms 8, 1, 2, 1: products 8, 2, 6, 4.
  const into = Float32Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 4, 0, 0);
  const out = Float32Array.of(8, 1, 0, 0, 0, 0, 2, 1);
  const model = writeBack(
    first,
    new Map([
      ['fc1.weight', into],
      ['fc2.weight', out],
    ]),
  );
  const small = narrow(model, [2]);
  const read = (name: string) => [...small.graph.value(name)!.initializer!.toFloat32()];
  expect(read('fc1.weight')).toEqual([1, 0, 0, 0, 0, 3]);
  expect(read('fc2.weight')).toEqual([8, 0, 0, 2]);
});
