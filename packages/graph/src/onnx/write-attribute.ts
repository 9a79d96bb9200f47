import type { Attribute, AttributeContents, AttributeValue } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import { ChunkList } from '../wire/chunk.js';
import * as wire from '../wire/encode.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE } from './fields.js';
import { type Item, rebuildMessage } from './rebuild-message.js';
import { encodeTensor, type TensorPlacement } from './write-tensor.js';

/** Gives the body of a subgraph, or undefined when it stands in the file as it is. */
export type GraphWriter = (graph: Graph) => ChunkList | undefined;

/** An attribute as it shall stand in its node. */
export function attributeItem(attribute: Attribute, writeGraph: GraphWriter, placement: TensorPlacement): Item {
  const { origin } = attribute;
  if (!origin) return { origin, body: encodeAttribute(attribute, writeGraph, placement) };
  const graphs = attribute.graphs();
  if (graphs.length > 0) {
    const field = attribute.content.type === 'graph' ? ATTRIBUTE.g : ATTRIBUTE.graphs;
    const items = graphs.map((graph) => ({ origin: graph.origin, body: writeGraph(graph) }));
    return { origin, body: rebuildMessage(origin, { lists: new Map([[field, items]]), scalars: new Map() }) };
  }
  if (origin.has(ATTRIBUTE.t) && placement.mustMove(attribute.as('tensor'))) {
    return { origin, body: encodeAttribute(attribute, writeGraph, placement) };
  }
  return { origin, body: undefined };
}

function encodeAttribute(attribute: Attribute, writeGraph: GraphWriter, placement: TensorPlacement): ChunkList {
  const { content, name } = attribute;
  const head = wire.encodeString(ATTRIBUTE.name, name);
  if (!('value' in content)) {
    throw new Error(`attribute ${name}: an attribute of kind ${content.type} can only be carried through`);
  }
  const type = wire.encodeInt(ATTRIBUTE.type, ATTRIBUTE_TYPE[content.type]);
  return wire.concatChunks(head, encodeContent(content, writeGraph, placement), type);
}

type Valued = Extract<AttributeValue, { value: unknown }>;

function encodeContent(content: Valued, writeGraph: GraphWriter, placement: TensorPlacement): ChunkList {
  const body = (graph: Graph) => writeGraph(graph) ?? copyOf(graph);
  const tensor = (value: AttributeContents['tensor']) => encodeTensor(value, '', placement);
  switch (content.type) {
    case 'float':
      return wire.encodeFloat(ATTRIBUTE.f, content.value);
    case 'int':
      return wire.encodeInt(ATTRIBUTE.i, content.value);
    case 'string':
      return wire.encodeBytes(ATTRIBUTE.s, content.value);
    case 'tensor':
      return wire.encodeMessage(ATTRIBUTE.t, tensor(content.value));
    case 'graph':
      return wire.encodeMessage(ATTRIBUTE.g, body(content.value));
    case 'floats':
      return wire.encodeFloats(ATTRIBUTE.floats, content.value);
    case 'ints':
      return wire.encodeInts(ATTRIBUTE.ints, content.value);
    case 'strings':
      return wire.concatChunks(...content.value.map((bytes) => wire.encodeBytes(ATTRIBUTE.strings, bytes)));
    case 'tensors':
      return wire.concatChunks(...content.value.map((value) => wire.encodeMessage(ATTRIBUTE.tensors, tensor(value))));
    case 'graphs':
      return wire.concatChunks(...content.value.map((graph) => wire.encodeMessage(ATTRIBUTE.graphs, body(graph))));
  }
}

function copyOf(graph: Graph): ChunkList {
  const { origin } = graph;
  if (!origin) throw new Error(`graph ${graph.name}: has neither bytes nor a body`);
  return new ChunkList().pushRange(origin.source, origin.start, origin.end);
}
