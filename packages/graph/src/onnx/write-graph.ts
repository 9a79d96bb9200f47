import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import type { ChunkList } from '../wire/chunk.js';
import { encodeString } from '../wire/encode.js';
import { type FieldEdit, patchMessage } from '../wire/patch.js';
import type { WireMessage } from '../wire/wire-message.js';
import { ANNOTATION, ENTRY, GRAPH, NODE, SPARSE, TENSOR, VALUE_INFO } from './fields.js';
import { buildMessage, type Item, rebuildMessage } from './rebuild-message.js';
import { nodeItem } from './write-node.js';
import { encodeSparseTensor, encodeTensor, type TensorPlacement } from './write-tensor.js';
import { contractItems, valueInfoItems } from './write-value-info.js';

/** The body of a GraphProto, or undefined when it stands in the file as it is. */
export function writeGraph(graph: Graph, placement: TensorPlacement): ChunkList | undefined {
  const { origin } = graph;
  const sparse = origin ? new Set(origin.messages(GRAPH.sparse_initializer)) : new Set<WireMessage>();
  const initializers = [...graph.initializers()];
  const lists = new Map<number, readonly Item[]>([
    [GRAPH.node, nodeItems(graph, placement)],
    [GRAPH.initializer, initializers.filter((value) => value.initializer).map((v) => initializerItem(v, placement))],
    [GRAPH.sparse_initializer, initializers.filter((v) => v.sparse).map((v) => sparseItem(v, sparse, placement))],
    [GRAPH.input, contractItems(graph.inputs, origin, GRAPH.input)],
    [GRAPH.output, contractItems(graph.outputs, origin, GRAPH.output)],
    [GRAPH.value_info, valueInfoItems(graph, origin, GRAPH.value_info, graphNames)],
  ]);
  const annotations = renamedAnnotations(graph);
  if (annotations) lists.set(GRAPH.quantization_annotation, annotations);
  if (origin) return rebuildMessage(origin, { lists, scalars: new Map() });
  return buildMessage({ lists, scalars: new Map([[GRAPH.name, encodeString(GRAPH.name, graph.name || 'graph')]]) });
}

/** The nodes of a scope as they shall stand in the file. */
export function nodeItems(graph: Graph, placement: TensorPlacement): Item[] {
  return Array.from(graph.nodes(), (node) => nodeItem(node, (subgraph) => writeGraph(subgraph, placement), placement));
}

function initializerItem(value: Value, placement: TensorPlacement): Item {
  const tensor = value.initializer!;
  const origin = value.origins.initializer;
  const isClean = origin !== undefined && tensor.origin === origin && !placement.mustMove(tensor);
  if (isClean && (origin.string(TENSOR.name) ?? '') === value.name) return { origin, body: undefined };
  return { origin, body: encodeTensor(tensor, value.name, placement, origin) };
}

function sparseItem(value: Value, children: ReadonlySet<WireMessage>, placement: TensorPlacement): Item {
  const sparse = value.sparse!;
  const origin = value.origins.initializer;
  const name = origin?.message(SPARSE.values)?.string(TENSOR.name);
  const mustMove = placement.mustMove(sparse.values) || placement.mustMove(sparse.indices);
  if (origin && children.has(origin) && name === value.name && !mustMove) return { origin, body: undefined };
  return { origin, body: encodeSparseTensor(sparse, value.name, placement) };
}

/** Quantization annotations refer to values by name: those of renamed values, under the new names. Undefined when nothing was renamed. */
function renamedAnnotations(graph: Graph): Item[] | undefined {
  const renamed = new Map<string, string>();
  for (const { origins, name } of graph.values()) {
    if (origins.name !== undefined && origins.name !== name) renamed.set(origins.name, name);
  }
  if (renamed.size === 0) return undefined;
  const patched = (message: WireMessage, no: number): FieldEdit[] => {
    const name = renamed.get(message.string(no) ?? '');
    return name === undefined ? [] : [{ no, value: encodeString(no, name) }];
  };
  return (graph.origin?.messages(GRAPH.quantization_annotation) ?? []).map((origin) => {
    const edits = patched(origin, ANNOTATION.tensor_name);
    origin.messages(ANNOTATION.quant_parameter_tensor_names).forEach((entry, occurrence) => {
      const inner = patched(entry, ENTRY.value);
      if (inner.length > 0) {
        edits.push({ no: ANNOTATION.quant_parameter_tensor_names, occurrence, body: patchMessage(entry, inner) });
      }
    });
    return { origin, body: edits.length === 0 ? undefined : patchMessage(origin, edits) };
  });
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
