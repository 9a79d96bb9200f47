import { GossamerError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { WireMessage } from '../wire/wire-message.js';
import { ATTRIBUTE, GRAPH, NODE, SPARSE, TENSOR, VALUE_INFO } from './fields.js';

/**
 * The nodes of a file in an order where each comes after what it reads (captures of its subgraphs included). A file already in
 * order, as the standard demands, keeps its order; another is sorted stably; a cycle throws ERR_CYCLE.
 */
export function topologicalOrder(
  messages: readonly WireMessage[],
  scope: Graph,
): { readonly order: readonly WireMessage[]; readonly sorted: boolean } {
  const producer = new Map<string, number>();
  messages.forEach((message, index) => {
    for (const name of message.strings(NODE.output)) if (name !== '') producer.set(name, index);
  });
  const reads = messages.map((message) => {
    const sources = new Set<number>();
    for (const name of namesRead(message)) {
      const source = scope.value(name) ? undefined : producer.get(name);
      if (source !== undefined) sources.add(source);
    }
    return sources;
  });
  if (reads.every((sources, index) => [...sources].every((source) => source < index))) {
    return { order: messages, sorted: true };
  }
  return { order: sort(reads).map((index) => messages[index]!), sorted: false };
}

/** Names a node reads: its inputs, and what its subgraphs read without making it. */
function namesRead(message: WireMessage): string[] {
  const names = message.strings(NODE.input).filter((name) => name !== '');
  for (const attribute of message.messages(NODE.attribute)) {
    const graphs = [...attribute.messages(ATTRIBUTE.graphs)];
    const graph = attribute.message(ATTRIBUTE.g);
    if (graph) graphs.push(graph);
    for (const subgraph of graphs) for (const name of captures(subgraph)) names.push(name);
  }
  return names;
}

function captures(graph: WireMessage): string[] {
  const own = new Set<string>();
  const read: string[] = [];
  for (const info of graph.messages(GRAPH.input)) own.add(info.string(VALUE_INFO.name) ?? '');
  for (const tensor of graph.messages(GRAPH.initializer)) own.add(tensor.string(TENSOR.name) ?? '');
  for (const sparse of graph.messages(GRAPH.sparse_initializer)) {
    own.add(sparse.message(SPARSE.values)?.string(TENSOR.name) ?? '');
  }
  for (const node of graph.messages(GRAPH.node)) {
    for (const name of namesRead(node)) read.push(name);
    for (const name of node.strings(NODE.output)) own.add(name);
  }
  for (const info of graph.messages(GRAPH.output)) read.push(info.string(VALUE_INFO.name) ?? '');
  return read.filter((name) => !own.has(name));
}

/** Kahn's algorithm; ready nodes in file order first, then as they become ready, so the result is the same at every read. */
function sort(reads: readonly ReadonlySet<number>[]): number[] {
  const pending = reads.map((sources) => new Set(sources));
  const readers: number[][] = reads.map(() => []);
  reads.forEach((sources, index) => sources.forEach((source) => readers[source]!.push(index)));
  const ready = pending.flatMap((sources, index) => (sources.size === 0 ? [index] : []));
  const order: number[] = [];
  for (let at = 0; at < ready.length; at++) {
    const index = ready[at]!;
    order.push(index);
    for (const reader of readers[index]!) {
      pending[reader]!.delete(index);
      if (pending[reader]!.size === 0) ready.push(reader);
    }
  }
  if (order.length < reads.length) {
    throw new GossamerError(
      'ERR_CYCLE',
      `graph: expected no cycle, received one through ${reads.length - order.length} nodes`,
    );
  }
  return order;
}
