import type { Model, Node } from '@gossamer/graph';

export type Direction = 'forward' | 'backward';

/** The nodes of the main graph that data of `from` gets to (forward) or comes from (backward) through nodes that `carries`; `from` themselves are in it. */
export function reached(
  model: Model,
  from: ReadonlySet<Node>,
  direction: Direction,
  carries: (node: Node) => boolean,
): Set<Node> {
  const found = new Set<Node>(from);
  const queue = [...from];
  for (let node = queue.pop(); node; node = queue.pop()) {
    for (const next of direction === 'forward' ? readersOf(node) : producersOf(node)) {
      if (found.has(next) || next.graph !== model.graph || !carries(next)) continue;
      found.add(next);
      queue.push(next);
    }
  }
  return found;
}

const readersOf = (node: Node): Node[] => node.outputs.flatMap((value) => value?.uses.map((use) => use.node) ?? []);

const producersOf = (node: Node): Node[] => node.inputs.flatMap((value) => (value?.producer ? [value.producer] : []));
