import type { Node } from '@gossamer/graph';
import type { DynamicValues } from './graph-reads.js';
import { closeUnit, orderUnits, type Unit } from './order-units.js';

/** Layers to visit: nodes, or blocks of them that are visited as one. */
export type LayerRequest = Node | readonly Node[];

/** A layer that no step visits. */
export interface UnreachedLayer {
  readonly node: Node;
  readonly reason: string;
}

/**
 * The units that were asked for, in an order that works: layers that read the same values are one, blocks are closed (see closeUnit). `place` gives
 * the node of the walk's main graph that a layer is, or why it is none.
 */
export function selectUnits(
  requests: Iterable<LayerRequest>,
  place: (node: Node) => Node | string,
  dynamic: DynamicValues,
): { readonly units: Unit[]; readonly unreached: UnreachedLayer[] } {
  const unreached: UnreachedLayer[] = [];
  const single = new Map<string, Node[]>();
  const blocks: Unit[] = [];
  for (const request of new Set(requests)) {
    const isBlock = !('graph' in request);
    const members = isBlock ? request : [request];
    if (members.length === 0) continue;
    const placed = members.map(place);
    const found = placed.filter((node) => typeof node !== 'string');
    const unit = found.length === members.length && found.length > 0 ? closeUnit(found, dynamic) : found;
    const reason = placed.find((node) => typeof node === 'string') ?? refuse(unit, dynamic);
    if (reason !== undefined) unreached.push(...members.map((node) => ({ node, reason })));
    else if (isBlock) blocks.push(unit);
    else {
      const reads = dynamic.dynamicReads(unit[0]!).map(({ name }) => name);
      const key = JSON.stringify([...new Set(reads)].sort());
      single.set(key, [...(single.get(key) ?? []), unit[0]!]);
    }
  }
  const position = new Map<Node, number>();
  for (const node of [...single.values()][0]?.[0]?.graph.nodes() ?? []) position.set(node, position.size);
  for (const unit of single.values()) unit.sort((a, b) => position.get(a)! - position.get(b)!);
  return { units: orderUnits([...single.values(), ...blocks], dynamic), unreached };
}

/** Why a unit cannot be visited; undefined: it can. */
function refuse(unit: Unit, dynamic: DynamicValues): string | undefined {
  for (const node of unit) {
    if (dynamic.isStatic(node)) return 'it reads nothing that depends on the data';
    const lost = dynamic.dynamicReads(node).find(({ producer }) => producer && dynamic.isPassing(producer));
    if (lost) return `it reads ${lost.name}, which cannot be kept between two runs`;
  }
  return undefined;
}
