import { Tensor } from '../ir/tensor.js';
import { permuted } from './lazy-tensor.js';

const ORDER = [2, 0, 1];
const DIMS = [2, 3, 4];
const numbers = Array.from({ length: 24 }, (_, i) => i);
/** Element (i, j, k) of the result is element (j, k, i) of the input. */
const expected = numbers.map((to) => (Math.floor(to / 3) % 2) * 12 + (to % 3) * 4 + Math.floor(to / 6));

test.each(['bool', 'uint8', 'float16', 'float32', 'int32', 'int64', 'float64', 'complex64'] as const)(
  'axes of %s change places, whole elements stay whole',
  (dtype) => {
    const bytes = { bool: 1, uint8: 1, float16: 2, float32: 4, int32: 4, int64: 8, float64: 8, complex64: 8 }[dtype];
    const stored = Uint8Array.from({ length: 24 * bytes }, (_, i) => Math.floor(i / bytes) * 10 + (i % bytes));
    const tensor = Tensor.of(dtype, DIMS, stored);
    const result = permuted(tensor, ORDER);
    expect(result.dims).toEqual([4, 2, 3]);
    const elements = numbers.map((i) => result.bytes(i * bytes, i * bytes + 1)[0]! / 10);
    expect(elements).toEqual(expected);
    expect(result.bytes(23 * bytes, 24 * bytes)).toEqual(stored.slice(23 * bytes));
  },
);

test('bytes at an odd place, and no bytes at all', () => {
  const whole = new Uint8Array(Float32Array.from(numbers).buffer);
  const shifted = new Uint8Array(97);
  shifted.set(whole, 1);
  const tensor = Tensor.fromStorage('float32', DIMS, {
    byteLength: 96,
    read: (a, b) => shifted.subarray(1 + a, 1 + b),
  });
  expect(Array.from(permuted(tensor, ORDER).toFloat32())).toEqual(expected);
  expect(permuted(Tensor.of('float32', [0, 3], new Float32Array(0)), [1, 0]).byteLength).toBe(0);
});
