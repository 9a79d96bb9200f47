import type { Model, Value } from '@gossamer/graph';
import type { AxisCells } from './axis-cells.js';
import type { Findings } from './node-axes.js';
import type { AxisSlice, FrozenAxis, PruneGroup, PruneUnit, UnitKind, UnitMember } from './prune-group.js';
import { sourceAxis } from './source-axis.js';

/** Kinds by how much they say: a head is also a block of neurons. */
const KINDS: readonly UnitKind[] = ['neuron', 'ffn', 'channel', 'embedding', 'unit', 'head'];

/** Reads units and groups off the cells: sets that are not frozen, that leave something of every axis, and that some parameters make. */
export function collectGroups(
  model: Model,
  cells: AxisCells,
  findings: Findings,
): { groups: PruneGroup[]; frozen: FrozenAxis[] } {
  freezeWhole(cells);
  const order = new Map(
    [...model.graph.scopes()].flatMap((scope) => [...scope.values()]).map((value, i) => [value, i]),
  );
  const keyOf = (value: Value, axis: number) => `${order.get(value)}:${axis}`;
  const makers = makersOf(cells, findings, keyOf);
  const kinds = kindsOf(cells, findings);
  const slices = slicesOf(cells, makers);
  const byShape = new Map<string, { maker: Maker; units: PruneUnit[] }>();
  for (const [root, own] of slices) {
    const maker = makers.get(root)!;
    const kind = kinds.get(root) ?? 'neuron';
    const inexact = cells.inexact(root);
    const members = own.flatMap(({ value, axis, indices }): UnitMember[] => {
      if (!value.constant) return [];
      return [{ value, axis, indices, role: maker.axes.has(keyOf(value, axis)) ? 'output' : 'input' }];
    });
    const unit = { kind, slices: own, members, ...(inexact === undefined ? {} : { inexact }) };
    const shape = own.map(({ value, axis, indices }) => `${keyOf(value, axis)}:${indices.length}`).join();
    const group = byShape.get(shape) ?? { maker, units: [] };
    byShape.set(shape, group);
    group.units.push(unit);
  }
  const taken = new Map<string, number>();
  const inOrder = [...byShape.values()].sort((a, b) => a.maker.place - b.maker.place);
  const groups = inOrder.map(({ maker: { layer }, units }): PruneGroup => {
    const count = taken.get(layer) ?? 0;
    taken.set(layer, count + 1);
    return { id: count === 0 ? layer : `${layer}#${count + 1}`, kind: units[0]!.kind, units };
  });
  return { groups, frozen: frozenOf(cells, findings) };
}

/** A set that is all of an axis stays: nothing would be left. */
function freezeWhole(cells: AxisCells): void {
  for (const value of cells.values()) {
    for (let axis = 0; axis < cells.shapeOf(value)!.length; axis++) {
      const length = cells.length(value, axis) ?? 0;
      if (length === 0) continue;
      const root = cells.find(cells.cell(value, axis, 0));
      let isWhole = true;
      for (let i = 1; i < length && isWhole; i++) isWhole = cells.find(cells.cell(value, axis, i)) === root;
      if (isWhole) cells.freeze(root, `all of ${value.name}, axis ${axis}, can only go together`);
    }
  }
}

interface Maker {
  readonly layer: string;
  /** Place of the layer among those that make something. */
  readonly place: number;
  /** Axes of constants that make the unit. */
  readonly axes: Set<string>;
}

/** Which parameters make a set, by its root: constants that rules named, and the first layer that reads them. */
function makersOf(
  cells: AxisCells,
  findings: Findings,
  keyOf: (value: Value, axis: number) => string,
): Map<number, Maker> {
  const makers = new Map<number, Maker>();
  findings.masked.forEach(({ node, value, axis }, place) => {
    const source = sourceAxis(value, axis, findings.links);
    if (!source) return;
    const length = cells.length(source.value, source.axis) ?? 0;
    for (let i = 0; i < length; i++) {
      const cell = cells.cell(source.value, source.axis, i);
      if (cells.frozen(cell) !== undefined) continue;
      const root = cells.find(cell);
      const maker = makers.get(root) ?? { layer: node.id, place, axes: new Set() };
      makers.set(root, maker);
      maker.axes.add(keyOf(source.value, source.axis));
    }
  });
  return makers;
}

function kindsOf(cells: AxisCells, findings: Findings): Map<number, UnitKind> {
  const kinds = new Map<number, UnitKind>();
  for (const { value, axis, kind } of findings.kinds) {
    const length = cells.length(value, axis) ?? 0;
    for (let i = 0; i < length; i++) {
      const root = cells.find(cells.cell(value, axis, i));
      if (cells.frozen(root) !== undefined) continue;
      const known = kinds.get(root);
      if (!known || KINDS.indexOf(kind) > KINDS.indexOf(known)) kinds.set(root, kind);
    }
  }
  return kinds;
}

/** The slices of every set that parameters make and that is not frozen, in the order of the model's values. */
function slicesOf(cells: AxisCells, makers: ReadonlyMap<number, Maker>): Map<number, AxisSlice[]> {
  const slices = new Map<number, AxisSlice[]>();
  for (const value of cells.values()) {
    for (let axis = 0; axis < cells.shapeOf(value)!.length; axis++) {
      const indices = new Map<number, number[]>();
      const length = cells.length(value, axis) ?? 0;
      for (let i = 0; i < length; i++) {
        const root = cells.find(cells.cell(value, axis, i));
        if (!makers.has(root) || cells.frozen(root) !== undefined) continue;
        const own = indices.get(root);
        if (own) own.push(i);
        else indices.set(root, [i]);
      }
      for (const [root, own] of indices) {
        const all = slices.get(root);
        const slice = { value, axis, indices: Int32Array.from(own) };
        if (all) all.push(slice);
        else slices.set(root, [slice]);
      }
    }
  }
  return slices;
}

function frozenOf(cells: AxisCells, findings: Findings): FrozenAxis[] {
  const frozen = new Map<string, FrozenAxis>();
  for (const { node, value, axis } of findings.masked) {
    if (!sourceAxis(value, axis, findings.links)) continue;
    const counts = new Map<string, number>();
    const length = cells.length(value, axis) ?? 0;
    for (let i = 0; i < length; i++) {
      const reason = cells.frozen(cells.cell(value, axis, i));
      if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    for (const [reason, count] of counts) {
      const key = `${node.id}\n${reason}`;
      if (!frozen.has(key)) frozen.set(key, { layer: node.id, count, reason });
    }
  }
  for (const left of findings.left) {
    const key = `${left.layer}\n${left.reason}`;
    if (!frozen.has(key)) frozen.set(key, left);
  }
  return [...frozen.values()];
}
