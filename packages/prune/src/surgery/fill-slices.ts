import { dtypeBits, Tensor } from '@gossamer/graph';

/** A copy with the elements at `indices` of one axis set to an element, given as its bytes by index. */
export function fillSlices(
  tensor: Tensor,
  axis: number,
  indices: Iterable<number>,
  elementOf: (index: number) => Uint8Array,
): Tensor {
  const { dims } = tensor;
  const width = dtypeBits(tensor.dtype) / 8;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const bytes = tensor.bytes().slice();
  for (const index of indices) {
    const element = elementOf(index);
    const isZero = element.every((byte) => byte === 0);
    for (let block = 0; block < outer; block++) {
      const start = (block * dims[axis]! + index) * inner * width;
      if (isZero) bytes.fill(0, start, start + inner * width);
      else for (let i = 0; i < inner; i++) bytes.set(element, start + i * width);
    }
  }
  return Tensor.of(tensor.dtype, dims, bytes);
}
