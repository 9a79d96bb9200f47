import { dtypeBits, Tensor } from '@gossamer/graph';

/** The elements `kept` of one axis, in their order. Any dtype of whole bytes. */
export function sliceTensor(tensor: Tensor, axis: number, kept: Int32Array): Tensor {
  const { dims } = tensor;
  const inner = (dims.slice(axis + 1).reduce((a, b) => a * b, 1) * dtypeBits(tensor.dtype)) / 8;
  const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const bytes = tensor.bytes();
  const out = new Uint8Array(outer * kept.length * inner);
  let at = 0;
  for (let block = 0; block < outer; block++) {
    for (const index of kept) {
      const from = (block * dims[axis]! + index) * inner;
      out.set(bytes.subarray(from, from + inner), at);
      at += inner;
    }
  }
  return Tensor.of(tensor.dtype, [...dims.slice(0, axis), kept.length, ...dims.slice(axis + 1)], out);
}
