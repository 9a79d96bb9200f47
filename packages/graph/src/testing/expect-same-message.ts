import { type DescField, type DescMessage, isFieldSet, type Message, ScalarType } from '@bufbuild/protobuf';
import type { WireMessage } from '../wire/index.js';

/**
 * Holds a wire-level view to protobuf-es's decoding of the same bytes: every field of the descriptor, recursively, bit for bit,
 * and every unknown field. Throws with the path of the first difference; returns the number of fields compared.
 */
export function expectSameMessage(wire: WireMessage, decoded: Message, desc: DescMessage, path = desc.name): number {
  let compared = compareUnknown(wire, decoded, desc, path);
  for (const field of desc.fields) {
    const where = `${path}.${field.name}`;
    const isSet = isFieldSet(decoded, field);
    if (wire.has(field.number) !== isSet && !isEmptyList(wire, field)) {
      throw new Error(`${where}: wire ${wire.has(field.number)}, oracle ${isSet}`);
    }
    if (isSet) compared += 1 + compareField(wire, fieldValue(decoded, field), field, where);
  }
  return compared;
}

function fieldValue(decoded: Message, field: DescField): unknown {
  const record = decoded as unknown as Record<string, unknown>;
  if (field.oneof === undefined) return record[field.localName];
  return (record[field.oneof.localName] as { value: unknown }).value;
}

function isEmptyList(wire: WireMessage, field: DescField): boolean {
  return field.fieldKind === 'list' && field.listKind === 'scalar' && wire.numbers(field.number).count === 0;
}

function compareField(wire: WireMessage, value: unknown, field: DescField, where: string): number {
  const { number: no } = field;
  if (field.fieldKind === 'message')
    return expectSameMessage(wire.message(no)!, value as Message, field.message, where);
  if (field.fieldKind === 'list' && field.listKind === 'message') {
    const children = wire.messages(no);
    const messages = value as readonly Message[];
    expectSame(children.length, messages.length, `${where}.length`);
    return children.reduce(
      (sum, child, i) => sum + expectSameMessage(child, messages[i]!, field.message, `${where}[${i}]`),
      0,
    );
  }
  if (field.fieldKind === 'list' && field.listKind === 'scalar') {
    expectSame(listValue(wire, no, field.scalar), value, where);
  } else if (field.fieldKind === 'scalar') {
    expectSame(scalarValue(wire, no, field.scalar), value, where);
  } else {
    const enumValue = field.fieldKind === 'enum' ? wire.safeInt(no) : undefined;
    expectSame(enumValue, value, where);
  }
  return 0;
}

function scalarValue(wire: WireMessage, no: number, type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return wire.string(no);
    case ScalarType.BYTES:
      return wire.bytes(no);
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return wire.float(no);
    case ScalarType.INT32:
      return wire.safeInt(no);
    default:
      return wire.int(no);
  }
}

function listValue(wire: WireMessage, no: number, type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return wire.strings(no);
    case ScalarType.BYTES:
      return wire.bytesList(no);
    case ScalarType.FLOAT:
      return [...wire.numbers(no).toFloat32()];
    case ScalarType.DOUBLE:
      return [...wire.numbers(no).toFloat64()];
    case ScalarType.INT32:
      return wire.safeInts(no);
    default:
      return wire.ints(no);
  }
}

/** Unknown fields of the schema, in order: number, wire type and encoded value. */
function compareUnknown(wire: WireMessage, decoded: Message, desc: DescMessage, path: string): number {
  const known = new Set(desc.fields.map((field) => field.number));
  const unknown = wire.fields().filter((field) => !known.has(field.no));
  const expected = decoded.$unknown ?? [];
  expectSame(unknown.length, expected.length, `${path}.$unknown.length`);
  unknown.forEach((field, i) => {
    const start = field.wireType === 2 ? lengthStart(wire, field.tagStart) : field.valueStart;
    expectSame(field.no, expected[i]!.no, `${path}.$unknown[${i}].no`);
    expectSame(wire.source.read(start, field.valueEnd), expected[i]!.data, `${path}.$unknown[${i}].data`);
  });
  return unknown.length;
}

// protobuf-es keeps the length of an unknown length-delimited field with its data.
function lengthStart(wire: WireMessage, tagStart: number): number {
  let at = tagStart;
  while (wire.source.read(at, at + 1)[0]! >= 0x80) at++;
  return at + 1;
}

function expectSame(actual: unknown, expected: unknown, where: string): void {
  if (isSame(actual, expected)) return;
  throw new Error(`${where}: wire ${String(actual).slice(0, 200)}, oracle ${String(expected).slice(0, 200)}`);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  return Object.is(a, b);
}
