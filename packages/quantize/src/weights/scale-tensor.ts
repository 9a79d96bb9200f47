import { Tensor } from '@gossamer/graph';

/** `tensor` times `factor`, in float32. */
export function scaleTensor(tensor: Tensor, factor: number): Tensor {
  const data = tensor.toFloat32().map((x) => x * factor);
  return Tensor.of('float32', tensor.dims, data);
}
