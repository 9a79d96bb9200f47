import { GossamerError, type Node } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { type DynamicValues, outputsOf, readsOf } from './graph-reads.js';

/** Nodes that are visited together. */
export type Unit = readonly Node[];

/**
 * `members` and what lies on ways between them, in graph order: without that a block would read what it makes. O(nodes).
 */
export function closeUnit(members: readonly Node[], dynamic: DynamicValues): Unit {
  const wanted = new Set(members);
  if (wanted.size === 1) return [...wanted];
  const order = [...members[0]!.graph.nodes()].filter((node) => !dynamic.isStatic(node));
  const producersOf = (node: Node) => readsOf(node).flatMap(({ producer }) => producer ?? []);
  const behind = new Set<Node>();
  for (const node of order)
    if (wanted.has(node) || producersOf(node).some((made) => behind.has(made))) behind.add(node);
  const before = new Set<Node>();
  for (const node of order.toReversed()) {
    if (wanted.has(node) || before.has(node)) for (const made of [node, ...producersOf(node)]) before.add(made);
  }
  return order.filter((node) => behind.has(node) && before.has(node));
}

/** What the nodes of a unit read and do not make, constants apart, each once. */
export function unitInputs(unit: Unit, dynamic: DynamicValues): Node['output'][] {
  const own = new Set(unit.flatMap(outputsOf));
  const reads = unit.flatMap((node) => dynamic.dynamicReads(node)).filter((value) => !own.has(value));
  return [...new Set(reads)];
}

/** Units such that none depends on a later one. Throws ERR_OPTION where there is no such order, or a node is in two of them. O(nodes). */
export function orderUnits(units: readonly Unit[], dynamic: DynamicValues): Unit[] {
  const unitOf = new Map<Node, Unit>();
  for (const unit of units) {
    for (const node of unit) {
      if (unitOf.has(node)) throw entangled(node);
      unitOf.set(node, unit);
    }
  }
  const state = new Map<Unit, 'open' | 'done'>();
  const ordered: Unit[] = [];
  const enter = (unit: Unit) => {
    state.set(unit, 'open');
    return { unit, needs: unitInputs(unit, dynamic).flatMap(({ producer }) => producer ?? []), at: 0 };
  };
  // Nodes outside units are units of their own, made when they are met: keyed by their node.
  const lone = new Map<Node, Unit>();
  const find = (node: Node): Unit => {
    const known = unitOf.get(node) ?? lone.get(node);
    if (known) return known;
    const made = [node];
    lone.set(node, made);
    return made;
  };
  const listed = new Set(units);
  for (const first of units) {
    const stack = state.has(first) ? [] : [enter(first)];
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      if (frame.at === frame.needs.length) {
        state.set(frame.unit, 'done');
        if (listed.has(frame.unit)) ordered.push(frame.unit);
        stack.pop();
        continue;
      }
      const next = find(frame.needs[frame.at++]!);
      if (state.get(next) === 'open') throw entangled(next[0]!);
      if (!state.has(next)) stack.push(enter(next));
    }
  }
  return ordered;
}

const entangled = (node: Node) =>
  new GossamerError<RuntimeErrorCode>(
    'ERR_OPTION',
    `layers: expected blocks that can run one behind the other, received one that ${node.id} entangles with another`,
  );
