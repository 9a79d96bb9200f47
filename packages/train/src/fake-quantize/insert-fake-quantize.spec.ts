import { GraphBuilder, Tensor } from '@gossamer/graph';
import { toTrainingForm } from '../form/to-training-form.js';
import { type FakeQuantizeSpec, insertFakeQuantize } from './insert-fake-quantize.js';

const form = () => {
  const g = new GraphBuilder('net');
  const table = g.weight('table', [4, 3], new Float32Array(12));
  return toTrainingForm(g.output(g.op('Gather', [table, g.input('ids', 'int64', ['n'])]), 'y').model(), { batch: 2 });
};
const full = (dims: readonly number[], value: number) =>
  Tensor.of('float32', dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value));
const spec = (changes: Partial<FakeQuantizeSpec>): FakeQuantizeSpec => ({
  value: 'table',
  scale: full([4, 1], 0.1),
  zeroPoint: full([4, 1], 0),
  quantMin: -8,
  quantMax: 7,
  ...changes,
});

test('learned scales are parameters', () => {
  const names = insertFakeQuantize(form(), [spec({ learned: 'scale' })]).parameters.map(({ name }) => name);
  expect(names).toEqual(['table', 'scale/table']);
});

test.each<[string, Partial<FakeQuantizeSpec>]>([
  ['a value that the form does not have', { value: 'tables' }],
  ['a value of integers', { value: 'ids', scale: full([], 1), zeroPoint: full([], 0) }],
  ['a scale that does not broadcast to the value', { scale: full([3, 1], 1) }],
  ['a scale of more axes than the value', { scale: full([1, 4, 1], 1) }],
  ['a scale of 0', { scale: full([4, 1], 0) }],
  ['a zero point of more axes than the value', { zeroPoint: full([1, 4, 1], 0) }],
  ['a range without codes', { quantMin: 7, quantMax: -8 }],
])('%s is refused', (_, changes) => {
  expect(() => insertFakeQuantize(form(), [spec(changes)])).toThrow(
    expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error,
  );
});
