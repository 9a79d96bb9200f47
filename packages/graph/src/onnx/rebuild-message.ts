import { ChunkList } from '../wire/chunk.js';
import { concatChunks, encodeMessage } from '../wire/encode.js';
import type { WireMessage } from '../wire/wire-message.js';

/** One sub-message of a repeated field as it shall stand in the file. */
export interface Item {
  /** The sub-message of the file it comes from; undefined for a new one. */
  readonly origin: WireMessage | undefined;
  /** Its new body; undefined: the origin's bytes as they are. */
  readonly body: ChunkList | undefined;
}

/** What a message shall hold: repeated sub-messages by field number, and whole encoded fields that replace what is there. */
export interface MessageContent {
  readonly lists: ReadonlyMap<number, readonly Item[]>;
  readonly scalars: ReadonlyMap<number, ChunkList>;
}

/**
 * The body of a message whose content changed; undefined when nothing did. Fields that are not named, and items that are clean, are
 * copied byte for byte in their places; new items stand before the next kept one of their list.
 */
export function rebuildMessage(origin: WireMessage, content: MessageContent): ChunkList | undefined {
  const plans = new Map([...content.lists].map(([no, items]) => [no, planList(origin, no, items)]));
  if (content.scalars.size === 0 && [...plans.values()].every((plan) => plan.isClean)) return undefined;
  const out = new ChunkList();
  const written = new Set<number>();
  const seen = new Map<number, number>();
  for (let index = 0; index < origin.fieldCount; index++) {
    const field = origin.fieldAt(index);
    const plan = plans.get(field.no);
    const scalar = content.scalars.get(field.no);
    if (plan) {
      const occurrence = seen.get(field.no) ?? 0;
      seen.set(field.no, occurrence + 1);
      plan.writeUpTo(out, occurrence);
      if (occurrence === plan.lastOccurrence) plan.writeRest(out);
    } else if (scalar) {
      if (!written.has(field.no)) out.append(scalar);
      written.add(field.no);
    } else {
      out.pushRange(origin.source, field.tagStart, field.valueEnd);
    }
  }
  for (const plan of plans.values()) plan.writeRest(out);
  const missing = [...content.scalars].filter(([no]) => !written.has(no)).map(([, value]) => value);
  return concatChunks(out, ...missing);
}

/** A message made from nothing: scalars first, then the lists in the order given. */
export function buildMessage(content: MessageContent): ChunkList {
  const out = concatChunks(...content.scalars.values());
  for (const [no, items] of content.lists) {
    for (const { body, origin } of items) out.append(encodeMessage(no, body ?? bytesOf(origin!)));
  }
  return out;
}

function bytesOf(message: WireMessage): ChunkList {
  return new ChunkList().pushRange(message.source, message.start, message.end);
}

interface ListPlan {
  readonly isClean: boolean;
  /** Occurrence of the field after which the rest of the list is written. */
  readonly lastOccurrence: number;
  writeUpTo(out: ChunkList, occurrence: number): void;
  writeRest(out: ChunkList): void;
}

function planList(origin: WireMessage, no: number, items: readonly Item[]): ListPlan {
  const children = origin.messages(no);
  const occurrenceOf = new Map(children.map((child, index) => [child, index]));
  const places = items.map((item) => (item.origin ? (occurrenceOf.get(item.origin) ?? -1) : -1));
  const kept = places.filter((place) => place >= 0);
  const inOrder = kept.every((place, index) => index === 0 || kept[index - 1]! < place);
  const fields = fieldsOf(origin, no);
  const itemAt = new Map(places.map((place, index) => [place, index]));
  let next = 0;
  const write = (out: ChunkList) => {
    const item = items[next]!;
    const field = fields[places[next]!];
    next++;
    if (!item.body && field) out.pushRange(origin.source, field.tagStart, field.valueEnd);
    else out.append(encodeMessage(no, item.body ?? bytesOf(item.origin!)));
  };
  return {
    isClean: items.length === children.length && items.every((item, i) => !item.body && places[i] === i),
    lastOccurrence: children.length - 1,
    writeUpTo(out, occurrence) {
      if (!inOrder) return;
      const until = itemAt.get(occurrence) ?? -1;
      while (next <= until) write(out);
    },
    writeRest(out) {
      while (next < items.length) write(out);
    },
  };
}

function fieldsOf(message: WireMessage, no: number): { readonly tagStart: number; readonly valueEnd: number }[] {
  const found: { tagStart: number; valueEnd: number }[] = [];
  for (let index = 0; index < message.fieldCount; index++) {
    const { no: number, tagStart, valueEnd } = message.fieldAt(index);
    if (number === no) found.push({ tagStart, valueEnd });
  }
  return found;
}
