import type { Node } from '../ir/node.js';
import { elementCount, type Tensor } from '../ir/tensor.js';

/**
 * DequantizeLinear of constant codes: (q - zeroPoint) * scale, per tensor, per axis, or per block of `block_size` along `axis`.
 *
 * Source: ONNX operator DequantizeLinear, version 21.
 */
export function dequantize(
  data: Float32Array,
  shape: readonly number[],
  node: Node,
  scale: Tensor,
  zeroPoint: Tensor | undefined,
): Float32Array {
  const scales = scale.toFloat32();
  const zeros = zeroPoint?.toFloat32();
  const axis = ((node.int('axis', 1) % shape.length) + shape.length) % shape.length;
  const blockSize = node.int('block_size', 0);
  const inner = elementCount(shape.slice(axis + 1));
  const dim = shape[axis] ?? 1;
  const blocks = blockSize > 0 ? Math.ceil(dim / blockSize) : dim;
  const perTensor = scale.length === 1;
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const position = Math.floor(i / inner) % dim;
    let at = position;
    if (perTensor) at = 0;
    else if (blockSize > 0) {
      const outer = Math.floor(i / (inner * dim));
      at = (outer * blocks + Math.floor(position / blockSize)) * inner + (i % inner);
    }
    out[i] = (data[i]! - (zeros?.[at] ?? 0)) * scales[at]!;
  }
  return out;
}
