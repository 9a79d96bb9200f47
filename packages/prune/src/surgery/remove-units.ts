import {
  GossamerError,
  inferTypes,
  type Model,
  storeConstant,
  tensorType,
  type TypeTable,
  type Value,
} from '@gossamer/graph';
import type { PruneUnit } from '../groups/prune-group.js';
import { absorb } from './absorptions.js';
import { addToBias } from './add-to-bias.js';
import { Leftovers } from './leftovers.js';
import { maskModel } from './mask-model.js';
import { Removal } from './removal.js';
import { rewriteNode } from './rewrites.js';
import { sliceTensor } from './slice-tensor.js';

export interface RemoveOptions {
  /** Also units whose removal is not the same as masking; default false: they are kept. */
  readonly allowInexact?: boolean;
}

/** A unit with what speaks against its removal. */
export interface UnitReason {
  readonly unit: PruneUnit;
  readonly reason: string;
}

export interface RemovalResult {
  readonly model: Model;
  readonly removed: readonly PruneUnit[];
  /** Asked for, but kept: what they leave behind when masked cannot be put into a bias. */
  readonly kept: readonly UnitReason[];
  /** Removed although the result is not that of masking. */
  readonly inexact: readonly UnitReason[];
}

/**
 * The smaller graph without the units (of `groupsOf` this model): constants sliced, attributes and constant shapes counted down, names, inputs
 * and outputs as they were. It gives what `maskModel` with the same units gives: constants that masked units still send are added to
 * biases. The model is not changed, untouched tensors are shared. Throws ERR_PRUNE_REMOVAL when nothing would be left of an axis.
 */
export function removeUnits(model: Model, units: readonly PruneUnit[], options: RemoveOptions = {}): RemovalResult {
  const isAllowed = options.allowInexact ?? false;
  const kept: UnitReason[] = [];
  let chosen = [...new Set(units)].filter((unit) => {
    if (unit.inexact === undefined || isAllowed) return true;
    kept.push({ unit, reason: unit.inexact });
    return false;
  });
  for (;;) {
    const copy = maskModel(model, chosen);
    const types = inferTypes(copy);
    const removal = new Removal(copy, chosen, (value, axis) => lengthOf(value, axis, types));
    checkLeft(removal);
    const { absorptions, problems } = absorb(new Leftovers(copy, removal, types));
    if (problems.size > 0 && !isAllowed) {
      for (const [unit, reason] of problems) kept.push({ unit: chosen[unit]!, reason });
      chosen = chosen.filter((_, i) => !problems.has(i));
      continue;
    }
    for (const absorption of absorptions) addToBias(absorption, removal, types);
    shrink(copy, removal, types);
    const inexact = chosen.flatMap((unit, i): UnitReason[] => {
      const reason = unit.inexact ?? problems.get(i);
      return reason === undefined ? [] : [{ unit, reason }];
    });
    return { model: copy, removed: chosen, kept, inexact };
  }
}

function lengthOf(value: Value, axis: number, types: TypeTable): number | undefined {
  const dim = (value.constant?.dims ?? types.shapeOf(value))?.[axis];
  return typeof dim === 'number' ? dim : undefined;
}

function checkLeft(removal: Removal): void {
  for (const value of removal.values()) {
    for (const axis of removal.axes(value)) {
      if (removal.kept(value, axis)!.length > 0) continue;
      const expected = `expected units that leave something of ${value.name}, axis ${axis}, received all of it`;
      throw new GossamerError('ERR_PRUNE_REMOVAL', `units: ${expected}`);
    }
  }
}

function shrink(model: Model, removal: Removal, types: TypeTable): void {
  for (const value of removal.values()) {
    const tensor = value.constant;
    if (tensor) {
      const sliced = removal.axes(value).reduce((t, axis) => sliceTensor(t, axis, removal.kept(value, axis)!), tensor);
      // Indices of a Gather are chosen and renumbered in one step.
      const isIndices = value.uses.every(({ node, index }) => node.isStandard('Gather') && index === 1);
      if (!isIndices) storeSliced(value, sliced);
    } else if (value.type && 'shape' in value.type && value.type.shape) {
      const shape = value.type.shape.map((dim, axis) => removal.newLength(value, axis, dim));
      value.graph.setType(value, tensorType(value.type.dtype, shape));
    }
  }
  const context = { types, removal, opset: model.opset };
  const replaced = new Set<Value>();
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      const before = node.inputs;
      rewriteNode(node, context);
      for (const value of before) if (value && !node.inputs.includes(value)) replaced.add(value);
    }
  }
  dropUnread(replaced);
}

function storeSliced(value: Value, sliced: NonNullable<Value['constant']>): void {
  storeConstant(value, sliced);
  if (value.type && 'shape' in value.type) value.graph.setType(value, tensorType(value.type.dtype, sliced.dims));
}

/** Constants that were replaced and that nothing reads any more. */
function dropUnread(values: ReadonlySet<Value>): void {
  for (const value of values) {
    if (value.uses.length > 0 || value.isOutput || value.isInput) continue;
    if (value.producer) value.graph.remove(value.producer);
    else value.graph.removeValue(value);
  }
}
