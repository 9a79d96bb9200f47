import { isFloat, type Model, type Value, weightsOf } from '@gossamer/graph';
import type { Masks } from '@gossamer/train';

/** Masks of the zeros of all weights of products, convolutions and recurrent layers that have any, by name of the stored tensor and in its layout, 0: it is 0. What `train` takes as `masks`. */
export function zeroMasks(model: Model): Masks {
  const seen = new Set<Value>();
  const masks = new Map<string, Uint8Array>();
  for (const node of model.graph.nodes()) {
    for (const view of weightsOf(node)) {
      const { source, stored } = view;
      if (view.isQuantized || view.role === 'embedding' || !isFloat(stored.dtype) || seen.has(source)) continue;
      seen.add(source);
      const mask = Uint8Array.from(stored.toFloat32(), (value) => (value === 0 ? 0 : 1));
      if (mask.includes(0)) masks.set(source.name, mask);
    }
  }
  return masks;
}
