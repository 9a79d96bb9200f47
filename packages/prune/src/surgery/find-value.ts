import { GossamerError, type Model, type Value } from '@gossamer/graph';
import type { AxisSlice } from '../groups/prune-group.js';

/** The value of `model` that a slice names; its axis must have the indices, in `length` elements. Throws ERR_PRUNE_REMOVAL for a unit of another model. */
export function findValue(
  model: Model,
  { value, axis, indices }: AxisSlice,
  length: (found: Value) => number | undefined,
): { readonly value: Value; readonly length: number } {
  const found = model.graph.value(value.name);
  const own = found && length(found);
  if (!found || own === undefined || indices.at(-1)! >= own) {
    throw new GossamerError(
      'ERR_PRUNE_REMOVAL',
      `unit: expected slices of this model, received ${value.name}[${indices.join()}] on axis ${axis}`,
    );
  }
  return { value: found, length: own };
}
