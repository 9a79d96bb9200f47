import { type Graph, GossamerError, type Value } from '@gossamer/graph';
import type { AxisSlice } from '../groups/prune-group.js';

/** The value that a slice names, in a scope of the model at hand (`twinScope`); its axis must have the indices, in `length` elements. Throws ERR_PRUNE_REMOVAL for a unit of another model. */
export function findValue(
  twin: (scope: Graph) => Graph | undefined,
  { value, axis, indices }: AxisSlice,
  length: (found: Value) => number | undefined,
): { readonly value: Value; readonly length: number } {
  const found = twin(value.graph)?.value(value.name);
  const own = found && length(found);
  if (!found || own === undefined || indices.at(-1)! >= own) {
    throw new GossamerError(
      'ERR_PRUNE_REMOVAL',
      `unit: expected slices of this model, received ${value.name}[${indices.join()}] on axis ${axis}`,
    );
  }
  return { value: found, length: own };
}
