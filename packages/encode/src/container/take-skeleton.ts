import { type ByteSource, onnxSchema, openWire, type WireMessage } from '@gossamer/graph/onnx';
import { ByteWriter } from '../coders/byte-writer.js';
import { type Payload, payloadOf } from './payload-of.js';
import { type ListType, rawOfVarints } from './varint-list.js';

/** Wire type of length-delimited fields. */
export const BYTES = 2;

/** An ONNX file seen as its skeleton (a sound ONNX file whose tensors are empty) and the payloads that were taken out. */
export interface Skeleton {
  readonly bytes: Uint8Array;
  /** In the order of the file. */
  readonly payloads: readonly Payload[];
}

/**
 * Takes the tensors out of an ONNX file. Lengths around them are written anew, so `restoreFile` gives the file back only where it has
 * them in their shortest form: the caller compares. Throws what the wire reader throws for a file that is not ONNX.
 */
export function takeSkeleton(source: ByteSource): Skeleton {
  const payloads: Payload[] = [];
  const hollow = (message: WireMessage): Uint8Array => {
    const payload = message.schema.name === 'TensorProto' ? payloadOf(message) : undefined;
    const field = payload && 'field' in payload.place ? payload.place.field : undefined;
    let isTaken = payload !== undefined && field === undefined;
    const writer = new ByteWriter();
    const children = message.eachChild();
    for (const { no, wireType, tagStart, valueStart, valueEnd } of message.fields()) {
      if (no === field && wireType === BYTES && !listOf(payload) && valueEnd - valueStart === payload!.byteLength) {
        isTaken = true;
        writer.varint(no * 8 + BYTES).varint(0);
      } else if (no === field && wireType === BYTES && isWholeList(payload!, source.read(valueStart, valueEnd))) {
        isTaken = true;
        const length = new ByteWriter().varint(valueEnd - valueStart).finish();
        writer
          .varint(no * 8 + BYTES)
          .varint(length.length)
          .bytes(length);
      } else if (message.schema.field(no)?.kind === 'message') {
        const inner = hollow(children.next().value as WireMessage);
        writer
          .varint(no * 8 + BYTES)
          .varint(inner.length)
          .bytes(inner);
      } else {
        writer.bytes(source.read(tagStart, valueEnd));
      }
    }
    if (isTaken) payloads.push(payload!);
    return writer.finish();
  };
  const bytes = hollow(openWire(source, onnxSchema.ModelProto));
  return { bytes, payloads };
}

/** How the list that a payload is in holds it; undefined where it is in none. */
export function listOf(payload: Payload | undefined): ListType | undefined {
  return payload && 'field' in payload.place ? payload.place.list : undefined;
}

function isWholeList(payload: Payload, value: Uint8Array): boolean {
  const list = listOf(payload);
  return list !== undefined && rawOfVarints(value, payload.byteLength / list.width, list) !== undefined;
}
