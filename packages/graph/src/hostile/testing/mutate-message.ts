import type { MessageSchema } from '../../wire/schema.js';
import { pick, type Random } from './random.js';

/** A field as it lies in a file: sub-messages that the schema knows are lists of fields. */
interface Field {
  no: number;
  wireType: number;
  /** Varints as they are written; fixed values; the bytes of a length-delimited field. */
  bytes: Buffer;
  fields: Field[] | undefined;
  schema: MessageSchema | undefined;
  /** Added to the length that is written. */
  lengthError: number;
}

/** Values that readers get wrong. */
const VALUES = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  15n,
  16n,
  127n,
  128n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const NAMES = [
  '',
  'a',
  'x',
  'y',
  'w',
  'value',
  'axis',
  'perm',
  'then_branch',
  'Add',
  'If',
  'Constant',
  '__proto__',
  'com.microsoft',
  '\u0000',
];

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** The end of the varint at `at`, or undefined when there is none. */
function varintEnd(bytes: Buffer, at: number): number | undefined {
  for (let end = at; end < bytes.length && end < at + 10; end++) if (bytes[end]! < 128) return end + 1;
  return undefined;
}

function varintAt(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let i = end - 1; i >= at; i--) value = value * 128 + (bytes[i]! & 127);
  return value;
}

/** The fields of a message; undefined where the bytes are none. */
function parse(bytes: Buffer, schema: MessageSchema | undefined): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const tagEnd = varintEnd(bytes, at);
    if (tagEnd === undefined) return undefined;
    const tag = varintAt(bytes, at, tagEnd);
    const [no, wireType] = [Math.floor(tag / 8), tag % 8];
    const head = valueRange(bytes, tagEnd, wireType);
    if (no === 0 || head === undefined || head.end > bytes.length) return undefined;
    const value = bytes.subarray(head.start, head.end);
    const known = schema?.field(no)?.child;
    const inner = wireType === 2 && known !== undefined ? parse(value, known) : undefined;
    fields.push({ no, wireType, bytes: value, fields: inner, schema: known, lengthError: 0 });
    at = head.end;
  }
  return fields;
}

function valueRange(bytes: Buffer, at: number, wireType: number): { start: number; end: number } | undefined {
  if (wireType === 1) return { start: at, end: at + 8 };
  if (wireType === 5) return { start: at, end: at + 4 };
  const end = wireType === 0 || wireType === 2 ? varintEnd(bytes, at) : undefined;
  if (end === undefined) return undefined;
  return wireType === 0 ? { start: at, end } : { start: end, end: end + varintAt(bytes, at, end) };
}

function encode(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ no, wireType, bytes, fields: inner, lengthError }) => {
      const body = inner === undefined ? bytes : encode(inner);
      const tag = varint((BigInt(no) << 3n) | BigInt(wireType));
      if (wireType !== 2) return [tag, body];
      return [tag, varint(BigInt(Math.max(0, body.length + lengthError))), body];
    }),
  );
}

/** Every list of fields, the outermost first. */
function* lists(fields: Field[]): Iterable<Field[]> {
  yield fields;
  for (const field of fields) if (field.fields !== undefined) yield* lists(field.fields);
}

/**
 * A copy of a message with one to four changes to its fields: left out, doubled, moved, put into another message, exchanged with one of
 * the `other` file's, numbered or typed anew, with a telling value, with a length that is wrong. Enclosing lengths follow.
 * Undefined where the bytes are no message.
 */
export function mutateMessage(
  bytes: Uint8Array,
  other: Uint8Array,
  schema: MessageSchema,
  random: Random,
): Uint8Array | undefined {
  const root = parse(Buffer.from(bytes), schema);
  if (root === undefined || root.length === 0) return undefined;
  const donors = [...lists(parse(Buffer.from(other), schema) ?? [])].filter((list) => list.length > 0);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const places = [...lists(root)].filter((list) => list.length > 0);
    if (places.length === 0) break;
    change(pick(places, random), places, donors, random);
  }
  return new Uint8Array(encode(root));
}

function change(list: Field[], places: readonly Field[][], donors: readonly Field[][], random: Random): void {
  const at = random(list.length);
  const field = list[at]!;
  switch (random(10)) {
    case 0:
      list.splice(at, 1);
      return;
    case 1:
      list.splice(random(list.length + 1), 0, structuredCopy(field));
      return;
    case 2:
      list.splice(at, 1);
      pick(places, random).push(field);
      return;
    case 3:
      pick(places, random).push(structuredCopy(field));
      return;
    case 4:
      if (donors.length > 0) list.push(structuredCopy(pick(pick(donors, random), random)));
      return;
    case 5:
      field.no = 1 + random(24);
      return;
    case 6:
      field.wireType = pick([0, 1, 2, 3, 4, 5, 6, 7], random);
      return;
    case 7:
      field.lengthError = pick([-1, 1, 2, 1000, 2 ** 31, 2 ** 40], random);
      return;
    default:
      changeValue(field, random);
  }
}

function changeValue(field: Field, random: Random): void {
  if (field.wireType === 0) field.bytes = varint(pick(VALUES, random));
  else if (field.fields !== undefined) field.fields.reverse();
  else if (random(2) === 0) field.bytes = Buffer.from(pick(NAMES, random));
  else if (field.wireType === 2 && random(2) === 0) {
    // A packed list of integers, for dims and the like.
    field.bytes = Buffer.concat(Array.from({ length: random(4) }, () => varint(pick(VALUES, random))));
  } else field.bytes = Buffer.from(field.bytes.map((byte) => (random(4) === 0 ? random(256) : byte)));
}

function structuredCopy(field: Field): Field {
  const fields = field.fields?.map(structuredCopy);
  return { ...field, bytes: Buffer.from(field.bytes), fields };
}
