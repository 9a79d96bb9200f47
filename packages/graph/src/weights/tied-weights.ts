import type { WeightView } from './weight-view.js';
import { permute } from './rearrange.js';
import { Tensor } from '../ir/tensor.js';

/**
 * Groups views that hold one parameter: the same stored tensor, equal copies, or a copy that is the transpose (an embedding tied
 * to the output projection). Each group has at least two views. Data are hashed only where shapes allow a tie.
 */
export function tiedWeights(views: readonly WeightView[]): WeightView[][] {
  const groups = new Map<string, WeightView[]>();
  const byShape = new Map<string, WeightView[]>();
  for (const view of views) {
    // A matrix and its transpose share this key.
    const key = [...view.shape].sort((a, b) => a - b).join('x');
    byShape.set(key, [...(byShape.get(key) ?? []), view]);
  }
  for (const candidates of byShape.values()) {
    if (candidates.length < 2) continue;
    for (const view of candidates) {
      const identity = orientedHash(view);
      groups.set(identity, [...(groups.get(identity) ?? []), view]);
    }
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Hash of the weight with output features first, so that a matrix and its transposed copy agree. */
function orientedHash(view: WeightView): string {
  const isOutFirst = view.outAxis < view.inAxis;
  const swap = view.shape.length === 2 && !isOutFirst && view.role !== 'embedding';
  const data = view.toFloat32();
  if (!swap) return Tensor.of('float32', view.shape, data).hash();
  const [rows, columns] = view.shape as [number, number];
  return Tensor.of('float32', [columns, rows], permute(data, view.shape, [1, 0])).hash();
}
