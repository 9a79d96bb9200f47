import type { Attribute } from '../ir/attribute.js';
import type { Model } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';

/** Every tensor the model holds: in initializers and attributes of all scopes, and in defaults of functions. */
export function* tensorsOf(model: Model): Iterable<Tensor> {
  for (const { defaults } of model.functions) for (const item of defaults?.values() ?? []) yield* tensorsIn(item);
  for (const scope of model.scopes()) {
    for (const value of scope.values()) {
      if (value.initializer) yield value.initializer;
      if (value.sparse) yield* [value.sparse.values, value.sparse.indices];
    }
    for (const node of scope.nodes()) {
      for (const item of node.attributes.values()) yield* tensorsIn(item);
    }
  }
}

function tensorsIn({ content }: Attribute): readonly Tensor[] {
  if (content.type === 'tensor') return [content.value];
  return content.type === 'tensors' ? content.value : [];
}
