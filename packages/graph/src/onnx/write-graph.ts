import type { Graph } from '../ir/graph.js';
import type { FunctionDefinition } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import type { ChunkList } from '../wire/chunk.js';
import { encodeString, encodeStrings } from '../wire/encode.js';
import type { WireMessage } from '../wire/wire-message.js';
import { FUNCTION, GRAPH, NODE, SPARSE, TENSOR, VALUE_INFO } from './fields.js';
import { buildMessage, type Item, rebuildMessage } from './rebuild-message.js';
import { nodeItem } from './write-node.js';
import { encodeSparseTensor, encodeTensor, type TensorPlacement } from './write-tensor.js';
import { encodeValueInfo } from './write-type.js';

/** The body of a GraphProto, or undefined when it stands in the file as it is. */
export function writeGraph(graph: Graph, placement: TensorPlacement): ChunkList | undefined {
  const { origin } = graph;
  const sparse = origin ? new Set(origin.messages(GRAPH.sparse_initializer)) : new Set<WireMessage>();
  const initializers = [...graph.initializers()];
  const lists = new Map<number, readonly Item[]>([
    [GRAPH.node, nodeItems(graph, placement)],
    [GRAPH.initializer, initializers.filter((value) => value.initializer).map((v) => initializerItem(v, placement))],
    [GRAPH.sparse_initializer, initializers.filter((v) => v.sparse).map((v) => sparseItem(v, sparse, placement))],
    [GRAPH.input, graph.inputs.map((value) => contractItem(value, origin, GRAPH.input))],
    [GRAPH.output, graph.outputs.map((value) => contractItem(value, origin, GRAPH.output))],
    [GRAPH.value_info, valueInfoItems(graph, origin, GRAPH.value_info, graphNames)],
  ]);
  if (origin) return rebuildMessage(origin, { lists, scalars: new Map() });
  return buildMessage({ lists, scalars: new Map([[GRAPH.name, encodeString(GRAPH.name, graph.name || 'graph')]]) });
}

/** The body of a FunctionProto, or undefined when it stands in the file as it is; its opset list is given. */
export function writeFunction(
  definition: FunctionDefinition,
  opsets: readonly Item[],
  placement: TensorPlacement,
): ChunkList | undefined {
  const { body, origin } = definition;
  const lists = new Map<number, readonly Item[]>([
    [FUNCTION.node, nodeItems(body, placement)],
    [FUNCTION.opset_import, opsets],
    [FUNCTION.value_info, valueInfoItems(body, origin, FUNCTION.value_info, functionNames)],
  ]);
  if (origin) return rebuildMessage(origin, { lists, scalars: new Map() });
  const names = (values: readonly Value[]) => values.map((value) => value.name);
  const scalars = new Map([
    [FUNCTION.name, encodeString(FUNCTION.name, definition.name)],
    [FUNCTION.domain, encodeString(FUNCTION.domain, definition.domain)],
    [FUNCTION.input, encodeStrings(FUNCTION.input, names(body.inputs))],
    [FUNCTION.output, encodeStrings(FUNCTION.output, names(body.outputs))],
  ]);
  return buildMessage({ lists, scalars });
}

function nodeItems(graph: Graph, placement: TensorPlacement): Item[] {
  return Array.from(graph.nodes(), (node) => nodeItem(node, (subgraph) => writeGraph(subgraph, placement), placement));
}

function initializerItem(value: Value, placement: TensorPlacement): Item {
  const tensor = value.initializer!;
  const origin = value.origins.initializer;
  const isClean = origin !== undefined && tensor.origin === origin && !placement.mustMove(tensor);
  if (isClean && (origin.string(TENSOR.name) ?? '') === value.name) return { origin, body: undefined };
  return { origin, body: encodeTensor(tensor, value.name, placement) };
}

function sparseItem(value: Value, children: ReadonlySet<WireMessage>, placement: TensorPlacement): Item {
  const sparse = value.sparse!;
  const origin = value.origins.initializer;
  const name = origin?.message(SPARSE.values)?.string(TENSOR.name);
  const mustMove = placement.mustMove(sparse.values) || placement.mustMove(sparse.indices);
  if (origin && children.has(origin) && name === value.name && !mustMove) return { origin, body: undefined };
  return { origin, body: encodeSparseTensor(sparse, value.name, placement) };
}

/** An input or output: its ValueInfoProto stays while neither name nor type was edited. */
function contractItem(value: Value, graph: WireMessage | undefined, no: number): Item {
  const origin = graph?.messages(no).find((info) => info.string(VALUE_INFO.name) === value.name);
  if (origin && value.origins.info) return { origin, body: undefined };
  return { origin, body: encodeValueInfo(value.name, value.type) };
}

/** Declared types of inner values: those of the file in their order, then new ones. */
function valueInfoItems(
  graph: Graph,
  origin: WireMessage | undefined,
  no: number,
  fileNames: (origin: WireMessage) => ReadonlySet<string>,
): Item[] {
  const items: Item[] = [];
  const listed = new Set<string>();
  let names: ReadonlySet<string> | undefined;
  for (const info of origin?.messages(no) ?? []) {
    const name = info.string(VALUE_INFO.name) ?? '';
    const value = graph.value(name);
    listed.add(name);
    if (value?.origins.info) items.push({ origin: info, body: undefined });
    else if (value?.type && !value.isInput && !value.isOutput) {
      items.push({ origin: info, body: encodeValueInfo(name, value.type) });
    } else if (!value) {
      // An entry for a value the file never had is carried; one whose value was edited away goes with it.
      names ??= fileNames(origin!);
      if (!names.has(name)) items.push({ origin: info, body: undefined });
    }
  }
  for (const value of graph.values()) {
    if (!value.type || value.isInput || value.isOutput || listed.has(value.name)) continue;
    items.push({ origin: undefined, body: encodeValueInfo(value.name, value.type) });
  }
  return items;
}

function graphNames(graph: WireMessage): ReadonlySet<string> {
  const names = new Set<string>();
  for (const info of graph.messages(GRAPH.input)) names.add(info.string(VALUE_INFO.name) ?? '');
  for (const tensor of graph.messages(GRAPH.initializer)) names.add(tensor.string(TENSOR.name) ?? '');
  for (const sparse of graph.messages(GRAPH.sparse_initializer)) {
    names.add(sparse.message(SPARSE.values)?.string(TENSOR.name) ?? '');
  }
  for (const node of graph.messages(GRAPH.node)) for (const name of node.strings(NODE.output)) names.add(name);
  return names;
}

function functionNames(definition: WireMessage): ReadonlySet<string> {
  const names = new Set(definition.strings(FUNCTION.input));
  for (const node of definition.messages(FUNCTION.node)) for (const name of node.strings(NODE.output)) names.add(name);
  return names;
}
