import type { Node, Slots } from '../ir/node.js';
import type { ChunkList } from '../wire/chunk.js';
import { encodeString, encodeStrings } from '../wire/encode.js';
import type { WireMessage } from '../wire/wire-message.js';
import { NODE } from './fields.js';
import { buildMessage, type Item, type MessageContent, rebuildMessage } from './rebuild-message.js';
import { attributeItem, type GraphWriter } from './write-attribute.js';
import type { TensorPlacement } from './write-tensor.js';

const namesOf = (slots: Slots): string[] => slots.map((value) => value?.name ?? '');

/** A node as it shall stand in its graph: clean while names, slots and attributes are those of the file. */
export function nodeItem(node: Node, writeGraph: GraphWriter, placement: TensorPlacement): Item {
  const { origin } = node;
  const attributes = [...node.attributes.values()].map((item) => attributeItem(item, writeGraph, placement));
  const lists = new Map([[NODE.attribute, attributes]]);
  const strings: [number, readonly string[]][] = [
    [NODE.input, namesOf(node.inputs)],
    [NODE.output, namesOf(node.outputs)],
    [NODE.name, node.name === '' ? [] : [node.name]],
    [NODE.op_type, [node.op]],
    [NODE.domain, node.domain === '' ? [] : [node.domain]],
    [NODE.overload, node.overload === '' ? [] : [node.overload]],
  ];
  if (!origin) return { origin, body: buildMessage(content(lists, strings)) };
  const changed = strings.filter(([no, wanted]) => !sameStrings(origin, no, wanted));
  return { origin, body: rebuildMessage(origin, content(lists, changed)) };
}

function content(lists: MessageContent['lists'], strings: readonly [number, readonly string[]][]): MessageContent {
  const scalars = new Map<number, ChunkList>();
  for (const [no, values] of strings) {
    scalars.set(no, values.length === 1 ? encodeString(no, values[0]!) : encodeStrings(no, values));
  }
  return { lists, scalars };
}

function sameStrings(origin: WireMessage, no: number, wanted: readonly string[]): boolean {
  const present = origin.strings(no);
  if (no !== NODE.input && no !== NODE.output) {
    // Singular fields: the last one counts, empty equals absent, and `ai.onnx` is the standard domain.
    const last = present.at(-1) ?? '';
    return (no === NODE.domain && last === 'ai.onnx' ? '' : last) === (wanted[0] ?? '');
  }
  return present.length === wanted.length && present.every((name, index) => name === wanted[index]);
}
