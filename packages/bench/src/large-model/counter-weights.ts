import { type DType, dtypeByteLength, elementCount, Tensor, type TensorStorage } from '@gossamer/graph';

/** Elements of float32 that are computed whenever they are read: a tensor of any size that takes no memory. */
class CounterStorage implements TensorStorage {
  constructor(
    readonly byteLength: number,
    private readonly seed: number,
    private readonly bound: number,
  ) {}

  read(start: number, end: number): Uint8Array {
    const { imul } = Math;
    const first = Math.floor(start / 4);
    const out = new Float32Array(Math.ceil(end / 4) - first);
    const step = (2 * this.bound) / 2 ** 32;
    // mulberry32, whose state is a counter: element i is a function of i alone.
    let state = (this.seed + imul(first, 0x6d2b79f5)) >>> 0;
    for (let i = 0; i < out.length; i++) {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = imul(state ^ (state >>> 15), state | 1);
      t ^= t + imul(t ^ (t >>> 7), t | 61);
      out[i] = ((t ^ (t >>> 14)) >>> 0) * step - this.bound;
    }
    return new Uint8Array(out.buffer, start - first * 4, end - start);
  }
}

const dtype: DType = 'float32';

/** A float32 tensor, uniform with standard deviation `deviation`; equal seeds give equal bytes. Its elements are never held. */
export function counterWeights(dims: readonly number[], seed: number, deviation: number): Tensor {
  const bytes = dtypeByteLength(dtype, elementCount(dims));
  return Tensor.fromStorage(dtype, dims, new CounterStorage(bytes, seed, deviation * Math.sqrt(3)));
}
