import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import type { ChunkList } from '../wire/chunk.js';
import { concatChunks, encodeMessage, encodeString } from '../wire/encode.js';
import { type FieldEdit, patchMessage } from '../wire/patch.js';
import type { WireMessage } from '../wire/wire-message.js';
import { TYPE, VALUE_INFO } from './fields.js';
import type { Item } from './rebuild-message.js';
import { encodeType } from './write-type.js';

const nameOf = (info: WireMessage): string => info.string(VALUE_INFO.name) ?? '';

/** What a TypeProto says beside the type itself: its denotation. */
function withoutKind(type: WireMessage): ChunkList {
  const kinds = Object.values(TYPE).filter((no) => no !== TYPE.denotation && type.has(no));
  return patchMessage(
    type,
    kinds.map((no) => ({ no, value: undefined })),
  );
}

/** A ValueInfoProto: the bytes of `origin` while neither name nor type was edited; an edit changes those fields only. */
function infoItem(value: Value, origin: WireMessage | undefined): Item {
  const { name, type, origins } = value;
  if (!origin) {
    const head = encodeString(VALUE_INFO.name, name);
    return { origin, body: type ? concatChunks(head, encodeMessage(VALUE_INFO.type, encodeType(type))) : head };
  }
  const edits: FieldEdit[] = [];
  if (nameOf(origin) !== name) edits.push({ no: VALUE_INFO.name, value: encodeString(VALUE_INFO.name, name) });
  if (!origins.info || origins.infoType !== type) {
    const before = origin.message(VALUE_INFO.type);
    const body = type && (before ? concatChunks(withoutKind(before), encodeType(type)) : encodeType(type));
    edits.push({ no: VALUE_INFO.type, value: body && encodeMessage(VALUE_INFO.type, body) });
  }
  return { origin, body: edits.length === 0 ? undefined : patchMessage(origin, edits) };
}

/** The inputs or outputs of a graph, each with the entry of the file it had. */
export function contractItems(values: readonly Value[], origin: WireMessage | undefined, no: number): Item[] {
  const children = origin?.messages(no) ?? [];
  const entries = new Set(children);
  const byName = new Map(children.map((info) => [nameOf(info), info]));
  return values.map((value, index) => {
    const { info } = value.origins;
    // A value may be listed twice: each time with the entry in its place.
    const inPlace = children[index];
    if (inPlace && nameOf(inPlace) === value.name) return infoItem(value, inPlace);
    return infoItem(value, info && entries.has(info) ? info : byName.get(value.name));
  });
}

/**
 * Declared types of inner values: those of the file in their order, then new ones. An entry for a value the file never had (`fileNames`
 * tells) is carried; one whose value was edited away goes with it.
 */
export function valueInfoItems(
  graph: Graph,
  origin: WireMessage | undefined,
  no: number,
  fileNames: (origin: WireMessage) => ReadonlySet<string>,
): Item[] {
  const described = new Map<WireMessage, Value>();
  for (const value of graph.values()) if (value.origins.info) described.set(value.origins.info, value);
  const items: Item[] = [];
  const listed = new Set<Value>();
  let names: ReadonlySet<string> | undefined;
  for (const info of origin?.messages(no) ?? []) {
    const value = described.get(info) ?? graph.value(nameOf(info));
    if (!value) {
      names ??= fileNames(origin!);
      if (!names.has(nameOf(info))) items.push({ origin: info, body: undefined });
      continue;
    }
    listed.add(value);
    const item = infoItem(value, info);
    // Of an input or output the entry there counts; this one stays as long as it says the same.
    const isInner = !value.isInput && !value.isOutput;
    if (!item.body || (isInner && value.type)) items.push(item);
  }
  for (const value of graph.values()) {
    if (!value.type || value.isInput || value.isOutput || listed.has(value)) continue;
    items.push(infoItem(value, undefined));
  }
  return items;
}
