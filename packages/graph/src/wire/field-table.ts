import { wireError } from './error-codes.js';
import type { FieldCursor } from './field-cursor.js';
import type { WireBudget } from './limits.js';
import { type FieldSchema, type MessageSchema, WireType } from './schema.js';

/** One encoded field. The tag starts at `tagStart`, the value spans [valueStart, valueEnd); a group's value includes its end tag. */
export interface WireField {
  readonly no: number;
  readonly wireType: number;
  readonly tagStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Two numbers a field: tagStart * 16 + header bytes (at most 15), and fieldNumber * 8 + wireType. */
const CELLS = 2;
const HEADER_RADIX = 16;
/** Tables of more fields than this are typed arrays: 16 bytes a field whatever the values; below, plain arrays are lighter. */
const PLAIN_FIELDS = 512;
/** Cells the scratch keeps between parses. */
const SCRATCH_CELLS = 1 << 16;

/** The fields of one message in wire order, without their values. */
export class FieldTable {
  readonly length: number;
  readonly #cells: ArrayLike<number>;
  readonly #end: number;

  constructor(cells: ArrayLike<number>, end: number) {
    this.#cells = cells;
    this.length = cells.length / CELLS;
    this.#end = end;
  }

  no(index: number): number {
    return this.#cells[index * CELLS + 1]! >>> 3;
  }

  wireType(index: number): number {
    return this.#cells[index * CELLS + 1]! & 7;
  }

  tagStart(index: number): number {
    return Math.floor(this.#cells[index * CELLS]! / HEADER_RADIX);
  }

  valueStart(index: number): number {
    const cell = this.#cells[index * CELLS]!;
    return Math.floor(cell / HEADER_RADIX) + (cell % HEADER_RADIX);
  }

  /** Fields follow one another without gaps. */
  valueEnd(index: number): number {
    return index + 1 < this.length ? this.tagStart(index + 1) : this.#end;
  }

  at(index: number): WireField {
    return {
      no: this.no(index),
      wireType: this.wireType(index),
      tagStart: this.tagStart(index),
      valueStart: this.valueStart(index),
      valueEnd: this.valueEnd(index),
    };
  }
}

// Parsing never nests (children parse on their own first use), so one scratch serves all.
let scratch = new Float64Array(SCRATCH_CELLS);

/**
 * Parses one level of a message: the fields of [cursor.position, end), their values skipped.
 *
 * Known fields must have an encoding of their type (ERR_WIRE_TYPE), and a singular sub-message occurs once (ERR_DUPLICATE_FIELD).
 */
export function parseFieldTable(
  cursor: FieldCursor,
  end: number,
  schema: MessageSchema,
  budget: WireBudget,
  depth: number,
): FieldTable {
  let used = 0;
  let singular = 0;
  while (cursor.position < end) {
    budget.count();
    if (used + CELLS > scratch.length) scratch = grown(scratch);
    const tagStart = cursor.position;
    const tag = checkedTag(cursor, tagStart);
    const field = schema.field(tag >>> 3);
    if (field !== undefined) checkKnownField(field, tag % 8);
    if (field?.kind === 'message' && !field.repeated) singular = markSingular(singular, field);
    const valueStart = skipValue(cursor, tag, budget, depth);
    scratch[used] = tagStart * HEADER_RADIX + (valueStart - tagStart);
    scratch[used + 1] = tag;
    used += CELLS;
  }
  const cells = used <= PLAIN_FIELDS * CELLS ? plainCopy(scratch, used) : scratch.slice(0, used);
  if (scratch.length > SCRATCH_CELLS) scratch = new Float64Array(SCRATCH_CELLS);
  return new FieldTable(cells, end);
}

/** One bit a field number: those of every ONNX message are below 32. */
function markSingular(seen: number, field: FieldSchema): number {
  const bit = 1 << field.no;
  if ((seen & bit) === 0) return seen | bit;
  throw wireError('ERR_DUPLICATE_FIELD', `${field.label}: expected one message, received a second one`);
}

function grown(cells: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(cells.length * 2);
  larger.set(cells);
  return larger;
}

function plainCopy(cells: Float64Array, length: number): number[] {
  const copy = new Array<number>(length);
  for (let i = 0; i < length; i++) copy[i] = cells[i]!;
  return copy;
}

function checkedTag(cursor: FieldCursor, tagStart: number): number {
  const tag = cursor.tag();
  const wireType = tag % 8;
  if (tag < 8) throw wireError('ERR_BAD_TAG', `byte ${tagStart}: expected a field number from 1 on, received 0`);
  if (wireType > WireType.fixed32) {
    throw wireError('ERR_BAD_TAG', `byte ${tagStart}: expected a wire type of 0 to 5, received ${wireType}`);
  }
  return tag;
}

const WIRE_TYPE_OF_KIND = {
  message: WireType.bytes,
  string: WireType.bytes,
  bytes: WireType.bytes,
  int32: WireType.varint,
  int64: WireType.varint,
  uint64: WireType.varint,
  float: WireType.fixed32,
  double: WireType.fixed64,
} as const;

function checkKnownField(field: FieldSchema, wireType: number): void {
  const expected = WIRE_TYPE_OF_KIND[field.kind];
  if (wireType === expected || (field.repeated && wireType === WireType.bytes)) return;
  throw wireError('ERR_WIRE_TYPE', `${field.label}: expected wire type ${expected}, received ${wireType}`);
}

/** Passes the value after a tag; returns where it starts (after the length of a length-delimited one). */
function skipValue(cursor: FieldCursor, tag: number, budget: WireBudget, depth: number): number {
  const start = cursor.position;
  switch (tag % 8) {
    case WireType.varint:
      cursor.varint();
      return start;
    case WireType.fixed64:
      cursor.skip(8);
      return start;
    case WireType.fixed32:
      cursor.skip(4);
      return start;
    case WireType.bytes: {
      const length = cursor.varint();
      const valueStart = cursor.position;
      cursor.skip(length);
      return valueStart;
    }
    case WireType.group:
      skipGroup(cursor, Math.floor(tag / 8), budget, depth);
      return start;
    default:
      throw wireError('ERR_BAD_GROUP', `byte ${start}: expected a field, received the end of a group that never began`);
  }
}

function skipGroup(cursor: FieldCursor, no: number, budget: WireBudget, depth: number): void {
  const open = [no];
  while (open.length > 0) {
    budget.checkDepth(depth + open.length);
    budget.count();
    const tagStart = cursor.position;
    const tag = checkedTag(cursor, tagStart);
    const wireType = tag % 8;
    if (wireType === WireType.group) {
      open.push(Math.floor(tag / 8));
    } else if (wireType === WireType.endGroup) {
      const expected = open.pop();
      if (expected !== Math.floor(tag / 8)) {
        throw wireError(
          'ERR_BAD_GROUP',
          `byte ${tagStart}: expected the end of group ${expected}, received ${Math.floor(tag / 8)}`,
        );
      }
    } else {
      skipValue(cursor, tag, budget, depth);
    }
  }
}
