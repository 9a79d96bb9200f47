import { GossamerError } from '../errors.js';
import { Graph, type Owner } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import type { ExternalData } from '../wire/external-data.js';
import type { WireMessage } from '../wire/wire-message.js';
import { FUNCTION, GRAPH, NODE, SPARSE, TENSOR, VALUE_INFO } from './fields.js';
import { readAttribute } from './read-attribute.js';
import type { PartBudget } from './read-limits.js';
import { readSparseTensor, readTensor } from './read-tensor.js';
import { readType } from './read-type.js';
import { topologicalOrder } from './topological-order.js';

/** What all scopes of one file share while it is read. */
export interface ReadContext {
  readonly external: ExternalData;
  readonly warnings: string[];
  /** Read the indices of sparse tensors and check each of them. */
  readonly checksIndices: boolean;
  readonly parts: PartBudget;
  /** Of one node. */
  readonly maxAttributes: number;
  readonly maxSlots: number;
}

/** The lists of a GraphProto, and of a FunctionProto, whose items the IR holds one by one. */
const GRAPH_PARTS = [
  GRAPH.node,
  GRAPH.input,
  GRAPH.output,
  GRAPH.initializer,
  GRAPH.sparse_initializer,
  GRAPH.value_info,
];
const FUNCTION_PARTS = [FUNCTION.node, FUNCTION.input, FUNCTION.output, FUNCTION.value_info];

/** Reads a GraphProto into a scope. */
export function readGraph(message: WireMessage, owner: Owner | undefined, context: ReadContext): Graph {
  for (const no of GRAPH_PARTS) context.parts.count(message.count(no));
  const graph = new Graph(message.string(GRAPH.name) ?? '', owner, message);
  for (const info of message.messages(GRAPH.input)) {
    const value = graph.declare(nameOf(info, 'graph input'), readType(info.message(VALUE_INFO.type)));
    graph.addInput(value.name);
    Object.assign(value.origins, { info, infoType: value.type });
  }
  for (const tensor of message.messages(GRAPH.initializer)) {
    const name = tensor.string(TENSOR.name) ?? '';
    const value = initializerValue(graph, name);
    graph.setInitializer(value, readTensor(tensor, context.external));
    value.origins.initializer = tensor;
  }
  for (const sparse of message.messages(GRAPH.sparse_initializer)) {
    const value = initializerValue(graph, sparse.message(SPARSE.values)?.string(TENSOR.name) ?? '');
    graph.setInitializer(value, readSparseTensor(sparse, context));
    value.origins.initializer = sparse;
  }
  const infos = new Map<string, WireMessage>();
  for (const info of message.messages(GRAPH.value_info)) infos.set(nameOf(info, 'value_info'), info);
  for (const info of message.messages(GRAPH.output)) infos.set(nameOf(info, 'graph output'), info);
  readNodes(graph, message.messages(GRAPH.node), infos, context);
  for (const [name, info] of infos) describe(graph.value(name), info, graph);
  for (const info of message.messages(GRAPH.output)) {
    const name = info.string(VALUE_INFO.name)!;
    graph.addOutput(graph.resolve(name) ?? undefinedValue(graph, name, 'output'));
  }
  return graph;
}

/** Reads a FunctionProto's body: inputs and outputs are bare names. */
export function readFunctionBody(message: WireMessage, context: ReadContext): Graph {
  for (const no of FUNCTION_PARTS) context.parts.count(message.count(no));
  const graph = new Graph(message.string(FUNCTION.name) ?? '', undefined, message);
  for (const name of message.strings(FUNCTION.input)) graph.addInput(name);
  const infos = new Map<string, WireMessage>();
  for (const info of message.messages(FUNCTION.value_info)) infos.set(nameOf(info, 'value_info'), info);
  readNodes(graph, message.messages(FUNCTION.node), infos, context);
  for (const [name, info] of infos) describe(graph.value(name), info, graph);
  for (const name of message.strings(FUNCTION.output)) {
    graph.addOutput(graph.value(name) ?? undefinedValue(graph, name, 'output'));
  }
  return graph;
}

function nameOf(info: WireMessage, what: string): string {
  const name = info.string(VALUE_INFO.name) ?? '';
  if (name === '') throw new GossamerError('ERR_EMPTY_NAME', `${what}: expected a name, received ""`);
  return name;
}

function initializerValue(graph: Graph, name: string): Value {
  const existing = graph.value(name);
  if (!existing) return graph.declare(name);
  if (existing.isInput && !existing.initializer && !existing.sparse) return existing;
  throw new GossamerError('ERR_DUPLICATE_NAME', `initializer ${name}: expected one definition, received two`);
}

/** Attaches value_info; an entry for a value that does not exist is carried as bytes by the writer. */
function describe(value: Value | undefined, info: WireMessage, graph: Graph): void {
  if (!value || value.origins.info) return;
  const type = readType(info.message(VALUE_INFO.type));
  if (type) graph.setType(value, type);
  Object.assign(value.origins, { info, infoType: value.type });
}

function undefinedValue(graph: Graph, name: string, reader: string): never {
  throw new GossamerError(
    'ERR_UNDEFINED_VALUE',
    `${reader} of graph ${graph.path || graph.name}: expected a defined value, received ${name}`,
  );
}

function readNodes(
  graph: Graph,
  messages: readonly WireMessage[],
  infos: ReadonlyMap<string, WireMessage>,
  context: ReadContext,
): void {
  const { order, sorted } = topologicalOrder(messages, graph);
  if (!sorted) {
    context.warnings.push(`graph ${graph.path || graph.name}: nodes were not in topological order; sorted`);
  }
  for (const message of order) readNode(graph, message, infos, context);
}

function readNode(
  graph: Graph,
  message: WireMessage,
  infos: ReadonlyMap<string, WireMessage>,
  context: ReadContext,
): Node {
  checkCounts(message, context);
  const inputs = message.strings(NODE.input).map((name) => {
    if (name === '') return undefined;
    return graph.resolve(name) ?? undefinedValue(graph, name, `node ${message.string(NODE.name) ?? ''} input`);
  });
  const outputs = message.strings(NODE.output).map((name) => {
    if (name === '') return undefined;
    // A taken name would be silently made unique by `add`; here it is the file's error.
    const value = graph.declare(name);
    const info = infos.get(name);
    if (info) describe(value, info, graph);
    return value;
  });
  const domain = message.string(NODE.domain) ?? '';
  const node = graph.add({
    op: message.string(NODE.op_type) ?? '',
    domain: domain === 'ai.onnx' ? '' : domain,
    name: message.string(NODE.name) ?? '',
    overload: message.string(NODE.overload) ?? '',
    inputs,
    outputs,
    origin: message,
  });
  for (const item of message.messages(NODE.attribute)) {
    const attribute = readAttribute(item, context.external, (sub, name, index) =>
      readGraph(sub, { node, attribute: name, index }, context),
    );
    if (node.attributes.has(attribute.name)) {
      throw new GossamerError(
        'ERR_DUPLICATE_NAME',
        `node ${node.id}: expected attribute ${attribute.name} once, received it twice`,
      );
    }
    graph.setAttribute(node, attribute.name, attribute);
  }
  return node;
}

/** Counts what a node holds, before any of it is made. */
function checkCounts(message: WireMessage, { parts, maxAttributes, maxSlots }: ReadContext): void {
  const counted = [
    ['attributes', NODE.attribute, maxAttributes],
    ['inputs', NODE.input, maxSlots],
    ['outputs', NODE.output, maxSlots],
  ] as const;
  for (const [what, no, limit] of counted) {
    const count = message.count(no);
    if (no === NODE.attribute) parts.count(count);
    if (count <= limit) continue;
    throw new GossamerError('ERR_GRAPH_BUDGET', `node: expected at most ${limit} ${what}, received ${count}`);
  }
}
