import { type Model, type Node, type TypeTable, type Value, isFloat } from '@gossamer/graph';

/**
 * Cuts the main graph into units, nodes that follow each other and are reconstructed together, that have at least one of `layers` each. 'layer': before every layer, so that an activation, pooling or
 * residual addition belongs to the layer it follows. 'auto': only where one float value crosses, which leaves residual blocks whole.
 */
export function cutUnits(
  model: Model,
  layers: ReadonlySet<Node>,
  types: TypeTable,
  blocks: 'auto' | 'layer',
): readonly (readonly Node[])[] {
  const nodes = movingNodes(model);
  const places = nodes.flatMap((node, i) => (layers.has(node) ? [i] : []));
  const crossing = blocks === 'auto' ? crossingValues(nodes, types) : undefined;
  const cuts = places.slice(1).flatMap((end, i) => {
    if (!crossing) return [end];
    for (let place = end; place > places[i]!; place--) if (crossing[place]! <= 1) return [place];
    return [];
  });
  const bounds = [0, ...cuts, nodes.length];
  return bounds.slice(1).map((end, i) => nodes.slice(bounds[i], end));
}

/** Nodes that depend on what is fed. */
function movingNodes(model: Model): readonly Node[] {
  const fixed = new Set<Value>();
  return [...model.graph.nodes()].filter((node) => {
    const isFixed = readsOf(node).every((value) => value.constant || fixed.has(value));
    if (isFixed) for (const value of node.outputs) if (value) fixed.add(value);
    return !isFixed;
  });
}

/** What a node reads of its scope, its subgraphs included. */
function readsOf(node: Node): Value[] {
  const inner = node.subgraphs().flatMap((graph) => [...graph.scopes()]);
  const reads = inner.flatMap((scope) => [...[...scope.nodes()].flatMap(({ inputs }) => inputs), ...scope.outputs]);
  return [...node.inputs, ...reads].filter((value): value is Value => value?.graph === node.graph);
}

/** How many float values are made before node i and read at it or behind, by i. */
function crossingValues(nodes: readonly Node[], types: TypeTable): readonly number[] {
  const last = new Map<Value, number>();
  nodes.forEach((node, i) => readsOf(node).forEach((value) => last.set(value, i)));
  const counts = new Array<number>(nodes.length + 1).fill(0);
  nodes.forEach(({ outputs }, made) => {
    for (const value of outputs) {
      const dtype = value && types.dtypeOf(value);
      if (!value || value.constant || (dtype && !isFloat(dtype))) continue;
      const end = value.isOutput ? nodes.length : (last.get(value) ?? made);
      for (let i = made + 1; i <= end; i++) counts[i]!++;
    }
  });
  return counts;
}
