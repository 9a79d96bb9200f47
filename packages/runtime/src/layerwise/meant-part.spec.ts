import { Tensor } from '@gossamer/graph';
import { meantPart } from './meant-part.js';

const numbers = (...dims: number[]) => {
  const length = dims.reduce((a, b) => a * b, 1);
  return Tensor.fromNumbers(
    'float32',
    dims,
    Array.from({ length }, (_, i) => i),
  );
};

test('all where the batch is full', () => {
  expect(meantPart(numbers(2, 2), { count: 2, rows: undefined }).data).toHaveLength(4);
});

test.each([
  ['first axis', numbers(4, 2), 1, [1, 2], [0, 1]],
  ['second axis', numbers(3, 4, 2), 2, [3, 2, 2], [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19]],
  ['first axis, time folded into it', numbers(8, 1), 3, [6, 1], [0, 1, 2, 3, 4, 5]],
  ['no axis', numbers(3, 4), 1, [3, 4], Array.from({ length: 12 }, (_, i) => i)],
  ['first axis, though the channels are as many', numbers(4, 4), 1, [1, 4], [0, 1, 2, 3]],
] as const)('what counts of a batch of 4 along its %s', (_, tensor, count, dims, data) => {
  const part = meantPart(tensor, { count, rows: 4 });
  expect(part.dims).toEqual(dims);
  expect([...part.data]).toEqual(data);
});
