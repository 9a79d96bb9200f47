import type { Attribute, AttributeContents, AttributeValue } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import { ChunkList } from '../wire/chunk.js';
import * as wire from '../wire/encode.js';
import type { WireMessage } from '../wire/wire-message.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE, TENSOR } from './fields.js';
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
  return { origin, body: moveTensors(attribute, origin, placement) };
}

/** The attribute's body with tensors placed anew that must not stay where they are; undefined when all may. */
function moveTensors(attribute: Attribute, origin: WireMessage, placement: TensorPlacement): ChunkList | undefined {
  // Other attributes stay undecoded.
  if (!origin.has(ATTRIBUTE.t) && !origin.has(ATTRIBUTE.tensors)) return undefined;
  const { content } = attribute;
  if (content.type !== 'tensor' && content.type !== 'tensors') return undefined;
  const field = content.type === 'tensor' ? ATTRIBUTE.t : ATTRIBUTE.tensors;
  const tensors = content.type === 'tensor' ? [content.value] : content.value;
  const items = tensors.map((tensor) => ({
    origin: tensor.origin,
    body: placement.mustMove(tensor)
      ? encodeTensor(tensor, tensor.origin?.string(TENSOR.name) ?? '', placement)
      : undefined,
  }));
  return rebuildMessage(origin, { lists: new Map([[field, items]]), scalars: new Map() });
}

function encodeAttribute(attribute: Attribute, writeGraph: GraphWriter, placement: TensorPlacement): ChunkList {
  const { content, name } = attribute;
  const head = wire.encodeString(ATTRIBUTE.name, name);
  if (content.type === 'reference') {
    const kind = content.valueType
      ? wire.encodeInt(ATTRIBUTE.type, ATTRIBUTE_TYPE[content.valueType])
      : new ChunkList();
    return wire.concatChunks(head, kind, wire.encodeString(ATTRIBUTE.ref_attr_name, content.refName));
  }
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
