import { elementCount, Tensor } from '../../ir/tensor.js';

/** Uniform numbers in [-1, 1), the same on every machine. Source: Park and Miller 1988, the minimal standard generator. */
export function randomTensor(dims: readonly number[], seed: number): Tensor {
  let state = (seed * 7919 + 12345) % 2147483647;
  const data = Float32Array.from({ length: elementCount(dims) }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  });
  return Tensor.of('float32', dims, data);
}
