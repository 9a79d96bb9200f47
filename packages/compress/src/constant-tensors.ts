import type { Model, Tensor } from '@gossamer/graph';

/** Every constant tensor of a model once, however many values share it. */
export function constantTensors(model: Model): Set<Tensor> {
  const tensors = new Set<Tensor>();
  for (const scope of model.scopes()) {
    for (const value of scope.values()) {
      const tensor = value.initializer ?? value.constant;
      if (tensor) tensors.add(tensor);
      if (value.sparse) tensors.add(value.sparse.values);
    }
  }
  return tensors;
}
