import { GossamerError } from '../errors.js';
import { Attribute, type AttributeValue } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import type { ExternalData } from '../wire/external-data.js';
import type { WireMessage } from '../wire/wire-message.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE } from './fields.js';
import { readTensor } from './read-tensor.js';

const number = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** Reads an AttributeProto; values are decoded on first use, graphs by `readSubgraph` at once (they hold uses). */
export function readAttribute(
  message: WireMessage,
  external: ExternalData,
  readSubgraph: (message: WireMessage, attribute: string, index: number) => Graph,
): Attribute {
  const name = message.string(ATTRIBUTE.name) ?? '';
  if (name === '') throw new GossamerError('ERR_EMPTY_NAME', 'attribute: expected a name, received ""');
  const type = message.safeInt(ATTRIBUTE.type) ?? guessType(message);
  if (type === ATTRIBUTE_TYPE.graph && !message.has(ATTRIBUTE.ref_attr_name)) {
    const graph = message.message(ATTRIBUTE.g);
    if (!graph) throw new GossamerError('ERR_ATTRIBUTE_TYPE', `attribute ${name}: expected a graph, received none`);
    return new Attribute(name, { type: 'graph', value: readSubgraph(graph, name, 0) }, message);
  }
  if (type === ATTRIBUTE_TYPE.graphs && !message.has(ATTRIBUTE.ref_attr_name)) {
    const value = message.messages(ATTRIBUTE.graphs).map((graph, index) => readSubgraph(graph, name, index));
    return new Attribute(name, { type: 'graphs', value }, message);
  }
  return new Attribute(name, () => decode(message, type, external), message);
}

/** IR version 1 files have no `type`: the field that is present tells. */
function guessType(message: WireMessage): number {
  const pairs: [number, number][] = [
    [ATTRIBUTE.f, ATTRIBUTE_TYPE.float],
    [ATTRIBUTE.i, ATTRIBUTE_TYPE.int],
    [ATTRIBUTE.s, ATTRIBUTE_TYPE.string],
    [ATTRIBUTE.t, ATTRIBUTE_TYPE.tensor],
    [ATTRIBUTE.g, ATTRIBUTE_TYPE.graph],
    [ATTRIBUTE.floats, ATTRIBUTE_TYPE.floats],
    [ATTRIBUTE.ints, ATTRIBUTE_TYPE.ints],
    [ATTRIBUTE.strings, ATTRIBUTE_TYPE.strings],
    [ATTRIBUTE.tensors, ATTRIBUTE_TYPE.tensors],
    [ATTRIBUTE.graphs, ATTRIBUTE_TYPE.graphs],
  ];
  return pairs.find(([field]) => message.has(field))?.[1] ?? 0;
}

function reference(refName: string, code: number): AttributeValue {
  const kinds = Object.keys(ATTRIBUTE_TYPE) as (keyof typeof ATTRIBUTE_TYPE)[];
  const valueType = kinds.find((kind) => ATTRIBUTE_TYPE[kind] === code);
  return { type: 'reference', refName, ...(valueType ? { valueType } : {}) };
}

function decode(message: WireMessage, type: number, external: ExternalData): AttributeValue {
  const refName = message.string(ATTRIBUTE.ref_attr_name);
  if (refName) return reference(refName, type);
  switch (type) {
    case ATTRIBUTE_TYPE.float:
      return { type: 'float', value: message.float(ATTRIBUTE.f) ?? 0 };
    case ATTRIBUTE_TYPE.int:
      return { type: 'int', value: number(message.int(ATTRIBUTE.i) ?? 0n) };
    case ATTRIBUTE_TYPE.string:
      return { type: 'string', value: message.bytes(ATTRIBUTE.s) ?? new Uint8Array(0) };
    case ATTRIBUTE_TYPE.tensor: {
      const tensor = message.message(ATTRIBUTE.t);
      return tensor ? { type: 'tensor', value: readTensor(tensor, external) } : { type: 'opaque' };
    }
    case ATTRIBUTE_TYPE.floats:
      return { type: 'floats', value: Array.from(message.floats(ATTRIBUTE.floats)) };
    case ATTRIBUTE_TYPE.ints:
      return { type: 'ints', value: message.ints(ATTRIBUTE.ints).map(number) };
    case ATTRIBUTE_TYPE.strings:
      return { type: 'strings', value: message.bytesList(ATTRIBUTE.strings) };
    case ATTRIBUTE_TYPE.tensors: {
      const value = message.messages(ATTRIBUTE.tensors).map((tensor) => readTensor(tensor, external));
      return { type: 'tensors', value };
    }
    default:
      return { type: 'opaque' };
  }
}
