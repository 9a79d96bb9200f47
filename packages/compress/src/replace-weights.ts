import { GossamerError, isFloat, type Model, Tensor, type Value } from '@gossamer/graph';
import type { CompressErrorCode } from './error-codes.js';

/**
 * Puts the tensors of a safetensors file in the place of the initializers of the same names, in the initializers' dtype (floats are rounded
 * to it). Returns warnings; throws ERR_WEIGHTS when no name matches, or a shape or kind differs.
 */
export async function replaceWeights(model: Model, path: string): Promise<string[]> {
  const { loadSafetensors } = await import('@gossamer/graph/safetensors');
  const { tensors } = await loadSafetensors(path);
  const initializers = new Map<string, Value>();
  for (const scope of model.scopes()) {
    for (const value of scope.initializers()) if (value.initializer) initializers.set(value.name, value);
  }
  const strangers: string[] = [];
  for (const [name, tensor] of tensors) {
    const value = initializers.get(name);
    if (value) value.graph.setInitializer(value, asStored(name, tensor, value.initializer!));
    else strangers.push(name);
  }
  if (strangers.length === tensors.size) {
    throw refuse(`${path}: expected tensors named like the model's initializers, received none of ${tensors.size}`);
  }
  const list = strangers.slice(0, 5).join(', ') + (strangers.length > 5 ? ', ...' : '');
  return strangers.length === 0
    ? []
    : [`weights: ${strangers.length} tensors have no initializer of their name: ${list}`];
}

function asStored(name: string, tensor: Tensor, stored: Tensor): Tensor {
  const spell = ({ dtype, dims }: Tensor) => `${dtype}[${dims.join(', ')}]`;
  const isAlike = tensor.dtype === stored.dtype || (isFloat(tensor.dtype) && isFloat(stored.dtype));
  if (!isAlike || tensor.dims.join() !== stored.dims.join()) {
    throw refuse(`weights: expected ${name} as ${spell(stored)}, received ${spell(tensor)}`);
  }
  if (tensor.dtype === stored.dtype) return tensor;
  const numbers = stored.dtype === 'float64' ? tensor.toFloat64() : tensor.toFloat32();
  return Tensor.fromNumbers(stored.dtype, stored.dims, numbers);
}

const refuse = (message: string) => new GossamerError<CompressErrorCode>('ERR_WEIGHTS', message);
