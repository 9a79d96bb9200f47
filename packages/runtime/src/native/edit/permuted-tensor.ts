import { Tensor, type TensorStorage } from '@gossamer/graph';

/** The same tensor with index i of `axis` what index order[i] was; bytes are moved when they are read, nothing is kept. */
export function permutedTensor(tensor: Tensor, axis: number, order: Int32Array): Tensor {
  return Tensor.fromStorage(tensor.dtype, tensor.dims, new PermutedStorage(tensor, axis, order));
}

class PermutedStorage implements TensorStorage {
  constructor(
    private readonly tensor: Tensor,
    private readonly axis: number,
    private readonly order: Int32Array,
  ) {}

  get byteLength(): number {
    return this.tensor.byteLength;
  }

  read(start: number, end: number): Uint8Array {
    const { tensor, order } = this;
    const from = tensor.bytes();
    const to = new Uint8Array(from.length);
    const inner = tensor.dims.slice(this.axis + 1).reduce((a, b) => a * b, tensor.byteLength / tensor.length);
    const count = order.length;
    for (let at = 0; at < from.length; at += count * inner) {
      for (let i = 0; i < count; i++) {
        const [source, target] = [at + order[i]! * inner, at + i * inner];
        if (inner < 16) for (let byte = 0; byte < inner; byte++) to[target + byte] = from[source + byte]!;
        else to.set(from.subarray(source, source + inner), target);
      }
    }
    return to.subarray(start, end);
  }
}
