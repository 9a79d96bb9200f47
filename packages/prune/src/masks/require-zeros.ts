import { GossamerError, type Model } from '@gossamer/graph';
import type { Masks } from '@gossamer/train';
import type { PruneErrorCode } from '../error-codes.js';

/** Throws ERR_PRUNE_MASK unless `model` is 0 wherever `masks` are: a learner may have left them out. */
export function requireZeros(model: Model, masks: Masks): void {
  for (const [name, mask] of masks) {
    const data = model.graph.value(name)?.constant?.toFloat32();
    const lost = data ? mask.reduce((sum, keep, i) => sum + (keep === 0 && data[i] !== 0 ? 1 : 0), 0) : mask.length;
    if (lost === 0) continue;
    const expected = `expected ${name} to be 0 where its mask is, received ${lost} other elements`;
    throw new GossamerError<PruneErrorCode>('ERR_PRUNE_MASK', `learn: ${expected}`);
  }
}
