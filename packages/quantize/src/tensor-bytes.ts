import type { Attribute, Model } from '@gossamer/graph';

/** Bytes of all constant tensors of a model: initializers, dense and sparse, and tensors in attributes. */
export function constantBytes(model: Model): number {
  let bytes = 0;
  for (const scope of model.scopes()) {
    for (const { initializer, sparse } of scope.initializers()) {
      bytes += initializer?.byteLength ?? 0;
      if (sparse) bytes += sparse.values.byteLength + sparse.indices.byteLength;
    }
    for (const node of scope.nodes()) {
      if (node.op === 'Constant') for (const item of node.attributes.values()) bytes += attributeBytes(item);
    }
  }
  return bytes;
}

function attributeBytes(item: Attribute): number {
  return item.content.type === 'tensor' ? item.content.value.byteLength : 0;
}
