import type { Tensor, WeightView } from '@gossamer/graph';

/** The elements of `tensor` as float32: a view of its bytes where they lie in memory, aligned, as float32; else a copy. Read-only. */
export function floatData(tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'float32') return tensor.toFloat32();
  const bytes = tensor.bytes();
  return bytes.byteOffset % 4 === 0
    ? new Float32Array(bytes.buffer, bytes.byteOffset, tensor.length)
    : new Float32Array(bytes.slice().buffer);
}

/** The weight as its node sees it, without a copy where the stored tensor is just that. Read-only. */
export function weightData(view: WeightView): Float32Array {
  return view.chain.every((node) => node.op === 'Identity') ? floatData(view.stored) : view.toFloat32();
}
