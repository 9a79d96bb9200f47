import type { ByteRange, ByteSource } from './byte-source.js';
import { decodeString, decodeText } from './decode-string.js';
import { FieldCursor, type MessageBody } from './field-cursor.js';
import { type FieldTable, parseFieldTable, type WireField } from './field-table.js';
import { WireBudget, type WireLimits } from './limits.js';
import { NumberList } from './number-list.js';
import { type FieldSchema, type MessageSchema, WireType } from './schema.js';
import { checkTensorData } from './tensor-data.js';
import { varintToBigInt, varintToBigUint, varintToInt32, varintToSafeInt } from './varint.js';

/** Bodies up to this size are parsed from one contiguous buffer that children share. */
const CONTIGUOUS_BYTES = 8 * 2 ** 20;
/** The same for tensors, whose bytes are mostly payload. */
const CONTIGUOUS_TENSOR_BYTES = 64 * 2 ** 10;

type Decoder<T> = (bytes: Buffer, start: number, end: number, what: string) => T;

interface Parent {
  readonly body: MessageBody | undefined;
  readonly depth: number;
}

/**
 * An immutable view of one encoded message: the bytes [start, end) of a source.
 *
 * Nothing is read before it is asked for; the first use of a reader parses one level. Singular readers return the last
 * occurrence and undefined when there is none; repeated readers accept packed and unpacked lists, also mixed. Returned byte
 * arrays may be views of the file's memory: do not write to them. Readers of a field the schema does not have throw a plain
 * Error; unknown fields are reached through `fields()`.
 */
export class WireMessage {
  readonly schema: MessageSchema;
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;
  /** Messages around this one. */
  readonly depth: number;
  /** Limits and use, shared by every message of the file. */
  readonly budget: WireBudget;
  #body: MessageBody | undefined;
  #table: FieldTable | undefined;
  #children: (WireMessage | undefined)[] | undefined;

  /** Use `openWire`. */
  constructor(schema: MessageSchema, range: ByteRange, budget: WireBudget, parent?: Parent) {
    this.schema = schema;
    this.source = range.source;
    this.start = range.start;
    this.end = range.end;
    this.budget = budget;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.#body = parent?.body;
    budget.checkDepth(this.depth);
    budget.count();
  }

  get byteLength(): number {
    return this.end - this.start;
  }

  /** Number of fields on this level. */
  get fieldCount(): number {
    return this.#fieldTable().length;
  }

  /** The field at position `index` of this level, in wire order. */
  fieldAt(index: number): WireField {
    return this.#fieldTable().at(index);
  }

  /** The fields of this level in wire order, unknown ones included. O(fields) objects on each call. */
  fields(): readonly WireField[] {
    const table = this.#fieldTable();
    return Array.from({ length: table.length }, (_, index) => table.at(index));
  }

  has(no: number): boolean {
    return this.#last(no) >= 0;
  }

  /** Occurrences of field `no` on the wire; a packed list counts once. */
  count(no: number): number {
    const table = this.#fieldTable();
    let count = 0;
    for (let i = 0; i < table.length; i++) if (table.no(i) === no) count++;
    return count;
  }

  /** Which of `numbers` (members of a oneof) comes last on the wire and so is the one that is set. */
  lastOf(numbers: readonly number[]): number | undefined {
    const table = this.#fieldTable();
    for (let i = table.length - 1; i >= 0; i--) if (numbers.includes(table.no(i))) return table.no(i);
    return undefined;
  }

  bytes(no: number): Uint8Array | undefined {
    const index = this.#last(no);
    return index < 0 ? undefined : this.#value(index);
  }

  /** Every occurrence of a bytes or string field, undecoded. */
  bytesList(no: number): Uint8Array[] {
    return this.#indices(no).map((index) => this.#value(index));
  }

  /** Throws ERR_BAD_UTF8 or ERR_STRING_LENGTH. */
  string(no: number): string | undefined {
    const index = this.#last(no);
    return index < 0 ? undefined : this.#string(index, no);
  }

  strings(no: number): string[] {
    const table = this.#fieldTable();
    const strings: string[] = [];
    for (let i = 0; i < table.length; i++) if (table.no(i) === no) strings.push(this.#string(i, no));
    return strings;
  }

  /** A string for people to read: malformed UTF-8 shows as U+FFFD. */
  text(no: number): string | undefined {
    const index = this.#last(no);
    if (index < 0) return undefined;
    this.#checkString(index);
    return this.#decode(index, no, decodeText);
  }

  /** An integer field, exactly: int64 and int32 signed, uint64 unsigned. Throws ERR_INT_RANGE for an int32 beyond 32 bits. */
  int(no: number): bigint | undefined {
    const index = this.#last(no);
    if (index < 0) return undefined;
    const { kind } = this.#field(no);
    if (kind === 'int32') return BigInt(this.#decode(index, no, varintToInt32));
    return this.#decode(index, no, kind === 'uint64' ? varintToBigUint : varintToBigInt);
  }

  /** An int32 or int64 field as a number. Throws ERR_INT_RANGE outside ±(2^53 - 1), or outside 32 bits for int32. */
  safeInt(no: number): number | undefined {
    const index = this.#last(no);
    if (index < 0) return undefined;
    return this.#decode(index, no, this.#field(no).kind === 'int32' ? varintToInt32 : varintToSafeInt);
  }

  /** A float (or double) field. */
  float(no: number): number | undefined {
    const index = this.#last(no);
    if (index < 0) return undefined;
    const isDouble = this.#field(no).kind === 'double';
    return this.#decode(index, no, (bytes, start) => (isDouble ? bytes.readDoubleLE(start) : bytes.readFloatLE(start)));
  }

  /** A repeated numeric field, to count and decode in the form that fits. */
  numbers(no: number): NumberList {
    const { kind } = this.#field(no);
    const table = this.#fieldTable();
    const parts = this.#indices(no).map((index) => ({
      source: this.source,
      start: table.valueStart(index),
      end: table.valueEnd(index),
      packed: table.wireType(index) === WireType.bytes,
    }));
    return new NumberList(this.#field(no).label, kind, parts, this.budget, (range) =>
      this.#slice(range.start, range.end),
    );
  }

  /** A repeated integer field, exactly. Throws ERR_LIST_LENGTH when it is too long for a JavaScript array. */
  ints(no: number): bigint[] {
    return this.numbers(no).toBigInts();
  }

  /** A repeated integer field as numbers. Throws ERR_INT_RANGE, ERR_LIST_LENGTH. */
  safeInts(no: number): number[] {
    const table = this.#fieldTable();
    const decode = this.#field(no).kind === 'int32' ? varintToInt32 : varintToSafeInt;
    const values: number[] = [];
    for (let i = 0; i < table.length; i++) {
      if (table.no(i) !== no) continue;
      if (table.wireType(i) !== WireType.varint) return this.numbers(no).toSafeInts();
      values.push(this.#decode(i, no, decode));
    }
    return values;
  }

  /** A repeated float field, bit for bit (NaN payloads included). */
  floats(no: number): Float32Array {
    return this.numbers(no).toFloat32();
  }

  /** A singular sub-message; the same object on every call. */
  message(no: number): WireMessage | undefined {
    const index = this.#last(no);
    return index < 0 ? undefined : this.#child(index, no);
  }

  /** A repeated sub-message; the same objects on every call. */
  messages(no: number): WireMessage[] {
    const table = this.#fieldTable();
    const messages: WireMessage[] = [];
    for (let i = 0; i < table.length; i++) if (table.no(i) === no) messages.push(this.#child(i, no));
    return messages;
  }

  /** Every sub-message of this level, of all fields, in wire order. */
  children(): WireMessage[] {
    const table = this.#fieldTable();
    const children: WireMessage[] = [];
    for (let i = 0; i < table.length; i++) {
      const no = table.no(i);
      if (this.schema.field(no)?.kind === 'message') children.push(this.#child(i, no));
    }
    return children;
  }

  /** As `children`, one after another and not kept: for one walk over a message of any number of them. */
  *eachChild(): Generator<WireMessage, void, undefined> {
    const table = this.#fieldTable();
    for (let i = 0; i < table.length; i++) {
      const no = table.no(i);
      if (this.schema.field(no)?.kind === 'message') yield this.#newChild(i, no);
    }
  }

  /** Where the payload of a length-delimited field lies, without reading it. */
  range(no: number): ByteRange | undefined {
    const index = this.#last(no);
    if (index < 0) return undefined;
    const table = this.#fieldTable();
    return { source: this.source, start: table.valueStart(index), end: table.valueEnd(index) };
  }

  /** Encoded bytes [start, end) of the source, from memory when this message is held there. */
  #slice(start: number, end: number): Uint8Array {
    const body = this.#body;
    if (body === undefined) return this.source.read(start, end);
    return body.bytes.subarray(start - body.base, end - body.base);
  }

  #fieldTable(): FieldTable {
    return (this.#table ??= this.#parse());
  }

  #parse(): FieldTable {
    this.#body ??= this.#claimBody();
    const cursor = new FieldCursor(this.source, this.start, this.end, this.#body);
    const table = parseFieldTable(cursor, this.end, this.schema, this.budget, this.depth);
    if (this.schema.name === 'TensorProto') checkTensorData(table);
    return table;
  }

  #claimBody(): MessageBody | undefined {
    const limit = this.schema.name === 'TensorProto' ? CONTIGUOUS_TENSOR_BYTES : CONTIGUOUS_BYTES;
    const { source, start, end } = this;
    if (!source.isResident && (this.byteLength > limit || !this.budget.claimResident(this.byteLength)))
      return undefined;
    return { bytes: asBuffer(source.read(start, end)), base: start };
  }

  #field(no: number): FieldSchema {
    const field = this.schema.field(no);
    if (field === undefined) throw new Error(`${this.schema.name}: no field ${no} in the schema`);
    return field;
  }

  /** Index of the last occurrence of field `no`, or -1. */
  #last(no: number): number {
    const table = this.#fieldTable();
    for (let i = table.length - 1; i >= 0; i--) if (table.no(i) === no) return i;
    return -1;
  }

  #indices(no: number): number[] {
    const table = this.#fieldTable();
    const indices: number[] = [];
    for (let i = 0; i < table.length; i++) if (table.no(i) === no) indices.push(i);
    return indices;
  }

  #value(index: number): Uint8Array {
    const table = this.#fieldTable();
    return this.#slice(table.valueStart(index), table.valueEnd(index));
  }

  /** Decodes a value in place when it is in memory. */
  #decode<T>(index: number, no: number, decode: Decoder<T>): T {
    const table = this.#fieldTable();
    const start = table.valueStart(index);
    const end = table.valueEnd(index);
    const body = this.#body;
    const { label } = this.#field(no);
    if (body !== undefined) return decode(body.bytes, start - body.base, end - body.base, label);
    return decode(asBuffer(this.source.read(start, end)), 0, end - start, label);
  }

  #checkString(index: number): void {
    const table = this.#fieldTable();
    this.budget.checkString(table.valueEnd(index) - table.valueStart(index));
  }

  #string(index: number, no: number): string {
    this.#checkString(index);
    return this.#decode(index, no, decodeString);
  }

  #child(index: number, no: number): WireMessage {
    this.#children ??= new Array<WireMessage | undefined>(this.fieldCount);
    return (this.#children[index] ??= this.#newChild(index, no));
  }

  #newChild(index: number, no: number): WireMessage {
    const table = this.#fieldTable();
    const range = { source: this.source, start: table.valueStart(index), end: table.valueEnd(index) };
    const schema = this.#field(no).child;
    if (schema === undefined) throw new Error(`${this.#field(no).label}: not a message field`);
    return new WireMessage(schema, range, this.budget, { body: this.#body, depth: this.depth });
  }
}

/** Opens all of `source` as one message of type `schema`. Nothing is read yet. */
export function openWire(source: ByteSource, schema: MessageSchema, limits?: Partial<WireLimits>): WireMessage {
  return new WireMessage(schema, { source, start: 0, end: source.byteLength }, new WireBudget(limits));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
