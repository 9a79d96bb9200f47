import { ChunkList } from './chunk.js';
import { concatChunks } from './encode.js';
import { WireType } from './schema.js';
import { encodeVarint } from './varint.js';
import type { WireMessage } from './wire-message.js';

/** Replaces (or with `value` undefined removes) occurrences of a field. */
export interface ReplaceEdit {
  readonly no: number;
  /** Which one in wire order; `'all'` (default) puts `value` where the first was and removes the others, or appends it when there is none. */
  readonly occurrence?: number | 'all';
  /** Whole encoded fields, tags included, as the encoders return them. */
  readonly value: ChunkList | undefined;
}

/** Replaces the payload of one length-delimited field; its tag bytes stay, its length is recomputed. */
export interface BodyEdit {
  readonly no: number;
  /** Which one in wire order. */
  readonly occurrence: number;
  readonly body: ChunkList;
}

/** Inserts whole encoded fields after the last field numbered `after` (default `no`), at the end of the message when there is none. */
export interface AppendEdit {
  readonly append: true;
  readonly no: number;
  readonly after?: number;
  readonly value: ChunkList;
}

export type FieldEdit = ReplaceEdit | BodyEdit | AppendEdit;

/** What becomes of the fields of one number. */
interface Plan {
  readonly at: Map<number, ReplaceEdit | BodyEdit>;
  all: ReplaceEdit | undefined;
  seen: number;
}

/**
 * The body of `message` with `edits` applied; fields without an edit are copied byte for byte, in their order.
 *
 * Two edits of one occurrence, or of an occurrence that does not exist, throw a plain Error. To edit deeper, patch the child and
 * give the result as `body` of its field.
 */
export function patchMessage(message: WireMessage, edits: readonly FieldEdit[]): ChunkList {
  const { source, start, end } = message;
  if (edits.length === 0) return new ChunkList().pushRange(source, start, end);
  const plans = plansOf(edits);
  const { afterIndex, atEnd } = placeAppends(message, edits);
  const out = new ChunkList();
  for (let i = 0; i < message.fieldCount; i++) {
    const field = message.fieldAt(i);
    const plan = plans.get(field.no);
    const edit = plan === undefined ? undefined : nextEdit(plan);
    if (edit === undefined) {
      out.pushRange(source, field.tagStart, field.valueEnd);
    } else if ('body' in edit) {
      if (field.wireType !== WireType.bytes) throw new Error(`patch: field ${field.no} is not length-delimited`);
      const tagEnd = endOfTag(message, field.tagStart, field.valueStart);
      out.pushRange(source, field.tagStart, tagEnd).push(encodeVarint(edit.body.byteLength)).append(edit.body);
    } else if (edit.value !== undefined && isPlacedHere(edit, plan!)) {
      out.append(edit.value);
    }
    for (const value of afterIndex.get(i) ?? []) out.append(value);
  }
  for (const [no, plan] of plans) checkAllUsed(no, plan);
  return concatChunks(out, ...atEnd, ...missingFields(plans));
}

/** The bytes of `message` as they are. */
export function copyMessage(message: WireMessage): ChunkList {
  return new ChunkList().pushRange(message.source, message.start, message.end);
}

function plansOf(edits: readonly FieldEdit[]): Map<number, Plan> {
  const plans = new Map<number, Plan>();
  for (const edit of edits) {
    if ('append' in edit) continue;
    let plan = plans.get(edit.no);
    if (plan === undefined) plans.set(edit.no, (plan = { at: new Map(), all: undefined, seen: 0 }));
    const occurrence = edit.occurrence ?? 'all';
    const isTaken = occurrence === 'all' ? plan.at.size > 0 : plan.at.has(occurrence);
    if (plan.all !== undefined || isTaken)
      throw new Error(`patch: two edits of field ${edit.no}, occurrence ${occurrence}`);
    if (occurrence === 'all') plan.all = edit as ReplaceEdit;
    else plan.at.set(occurrence, edit);
  }
  return plans;
}

function nextEdit(plan: Plan): ReplaceEdit | BodyEdit | undefined {
  const occurrence = plan.seen++;
  return plan.all ?? plan.at.get(occurrence);
}

/** True for an edit of one occurrence, and for the first occurrence of an edit of all. */
function isPlacedHere(edit: ReplaceEdit, plan: Plan): boolean {
  return edit !== plan.all || plan.seen === 1;
}

function checkAllUsed(no: number, plan: Plan): void {
  for (const occurrence of plan.at.keys()) {
    if (!(occurrence >= 0 && occurrence < plan.seen))
      throw new Error(`patch: no occurrence ${occurrence} of field ${no}`);
  }
}

function missingFields(plans: Map<number, Plan>): ChunkList[] {
  const missing: ChunkList[] = [];
  for (const { all, seen } of plans.values()) if (seen === 0 && all?.value !== undefined) missing.push(all.value);
  return missing;
}

/** Appended values by the index of the field they follow, and those that follow all. */
function placeAppends(message: WireMessage, edits: readonly FieldEdit[]) {
  const appends = edits.filter((edit): edit is AppendEdit => 'append' in edit);
  const wanted = new Set(appends.map(({ after, no }) => after ?? no));
  const lastIndex = new Map<number, number>();
  if (wanted.size > 0) {
    for (let i = 0; i < message.fieldCount; i++) {
      const { no } = message.fieldAt(i);
      if (wanted.has(no)) lastIndex.set(no, i);
    }
  }
  const afterIndex = new Map<number, ChunkList[]>();
  const atEnd: ChunkList[] = [];
  for (const { after, no, value } of appends) {
    const index = lastIndex.get(after ?? no);
    const place = index === undefined ? atEnd : (afterIndex.get(index) ?? []);
    place.push(value);
    if (index !== undefined) afterIndex.set(index, place);
  }
  return { afterIndex, atEnd };
}

function endOfTag(message: WireMessage, tagStart: number, valueStart: number): number {
  const header = message.source.read(tagStart, valueStart);
  return tagStart + header.findIndex((byte) => byte < 0x80) + 1;
}
