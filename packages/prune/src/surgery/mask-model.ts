import { dtypeBits, type Model, storeConstant, type Value } from '@gossamer/graph';
import type { PruneUnit } from '../groups/prune-group.js';
import { fillSlices } from './fill-slices.js';
import { findValue } from './find-value.js';
import { twinScope } from './twin-scope.js';

/**
 * The same graph with the parameters that make the units set to 0 (codes of quantized weights to their zero point): rows of weights, biases,
 * scale and shift of normalisations. What reads a unit is untouched. The model is not changed, other tensors are shared.
 */
export function maskModel(model: Model, units: readonly PruneUnit[]): Model {
  const copy = model.clone();
  const twin = twinScope(copy);
  const slices = new Map<Value, Map<number, Set<number>>>();
  for (const { members } of units) {
    for (const member of members) {
      const { axis, indices, role } = member;
      if (role !== 'output') continue;
      const { value } = findValue(twin, member, ({ constant }) => constant?.dims[axis]);
      const axes = slices.get(value) ?? new Map<number, Set<number>>();
      slices.set(value, axes);
      const own = axes.get(axis) ?? new Set();
      axes.set(axis, own);
      for (const index of indices) own.add(index);
    }
  }
  for (const [value, axes] of slices) {
    let tensor = value.constant!;
    for (const [axis, indices] of axes) tensor = fillSlices(tensor, axis, indices, zeroOf(value, axis));
    storeConstant(value, tensor);
  }
  return copy;
}

/** The bytes that stand for 0 at an index of an axis: the zero point of codes, else zero bytes. */
function zeroOf(value: Value, axis: number): (index: number) => Uint8Array {
  const width = dtypeBits(value.constant!.dtype) / 8;
  const reader = value.uses.find(({ node, index }) => node.isStandard('DequantizeLinear') && index === 0)?.node;
  const codes = reader?.input(2)?.constant;
  if (!reader || !codes) return () => new Uint8Array(width);
  const along = reader.int('axis', 1);
  const rank = value.constant!.dims.length;
  const isOwnAxis = (along < 0 ? along + rank : along) === axis;
  return (index) => {
    const at = codes.length > 1 && isOwnAxis ? index : 0;
    return codes.bytes(at * width, (at + 1) * width);
  };
}
