import { MemorySource, onnxSchema, openWire, type WireMessage } from '@gossamer/graph/onnx';
import { ByteWriter } from '../coders/byte-writer.js';
import { encodeError } from '../error-codes.js';
import { FlatReader } from './flat-reader.js';
import { BYTES } from './take-skeleton.js';

/** Wire types of the flat form, which protobuf does not use: a message up to a 0 in place of a tag, a text up to a 0. */
export const NESTED = 6;
export const TEXT = 7;
/** The field that holds a skeleton as it is, where it cannot be made flat; those below have a tag that, with its wire type, fits a byte. */
const WHOLE = 31;
/** A flat skeleton has at most so many bytes more than the skeleton: the end of the file's message, or WHOLE around it. */
export const FLAT_SLACK = 16;

/**
 * A skeleton without the lengths of its messages and texts, which follow from what is in them: each ends with a 0. One that does not come back this
 * way (lengths or tags in long form, field numbers above 30) is one field of bytes.
 */
export function flattenSkeleton(skeleton: Uint8Array): Uint8Array {
  return (
    takeLengths(skeleton) ??
    new ByteWriter()
      .bytes(Uint8Array.of(WHOLE * 8 + BYTES))
      .varint(skeleton.length)
      .bytes(skeleton)
      .bytes(Uint8Array.of(0))
      .finish()
  );
}

function takeLengths(skeleton: Uint8Array): Uint8Array | undefined {
  const source = new MemorySource(skeleton);
  const writer = new ByteWriter();
  const walk = (message: WireMessage): boolean => {
    const children = message.eachChild();
    for (const { no, wireType, valueStart, valueEnd } of message.fields()) {
      if (no >= WHOLE) return false;
      const kind = message.schema.field(no)?.kind;
      const value = source.read(valueStart, valueEnd);
      if (kind === 'message') {
        writer.bytes(Uint8Array.of(no * 8 + NESTED));
        if (!walk(children.next().value as WireMessage)) return false;
      } else if (wireType === BYTES && kind === 'string' && !value.includes(0)) {
        writer
          .bytes(Uint8Array.of(no * 8 + TEXT))
          .bytes(value)
          .bytes(Uint8Array.of(0));
      } else {
        writer.bytes(Uint8Array.of(no * 8 + wireType));
        if (wireType === BYTES) writer.varint(value.length);
        writer.bytes(value);
      }
    }
    writer.bytes(Uint8Array.of(0));
    return true;
  };
  if (!walk(openWire(source, onnxSchema.ModelProto))) return undefined;
  const flat = writer.finish();
  try {
    return Buffer.compare(unflatten(flat), skeleton) === 0 ? flat : undefined;
  } catch {
    return undefined;
  }
}

/** The skeleton of a flat form. Throws ERR_GSM_FORMAT for bytes that are none. */
export function unflatten(flat: Uint8Array): Uint8Array {
  const reader = new FlatReader();
  const open: { tag: number; writer: ByteWriter }[] = [{ tag: 0, writer: new ByteWriter() }];
  let whole: Uint8Array | undefined;
  let from = 0;
  for (let at = 0; at < flat.length; at++) {
    const depth = reader.depth;
    const wasTag = reader.part === 'tag';
    reader.push(flat[at]!);
    const { writer } = open[open.length - 1]!;
    if (wasTag && reader.depth < depth) {
      const { tag, writer: ended } = open.pop()!;
      if (open.length === 0) {
        if (at + 1 === flat.length) return whole ?? ended.finish();
        break;
      }
      const body = ended.finish();
      open[open.length - 1]!.writer.varint(tag).varint(body.length).bytes(body);
      from = at + 1;
    } else if (wasTag && reader.depth > depth) {
      open.push({ tag: (flat[at]! & 0xf8) + BYTES, writer: new ByteWriter() });
      from = at + 1;
    } else if (wasTag) {
      from = at;
    } else if (reader.part === 'tag') {
      const tag = flat[from]!;
      const value = flat.subarray(from + 1, at + 1);
      if ((tag & 7) === TEXT)
        writer
          .varint((tag & 0xf8) + BYTES)
          .varint(value.length - 1)
          .bytes(value.subarray(0, -1));
      else writer.varint(tag).bytes(value);
      if (tag === WHOLE * 8 + BYTES) whole = flat.subarray(at + 1 - reader.number, at + 1);
    }
  }
  throw encodeError('ERR_GSM_FORMAT', 'skeleton: expected messages that end, received other bytes');
}
