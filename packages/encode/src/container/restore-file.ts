import { MemorySource, onnxSchema, openWire, type WireMessage } from '@gossamer/graph/onnx';
import { ByteReader } from '../coders/byte-reader.js';
import { ByteWriter } from '../coders/byte-writer.js';
import { encodeError } from '../error-codes.js';
import { type Payload, payloadOf } from './payload-of.js';
import { type Piece, Rope } from './rope.js';
import { BYTES, listOf } from './take-skeleton.js';

const { no: TENSOR } = onnxSchema.TensorProto;

/** Bytes of the varint that stands for a list; a list has more. */
const LIST_LENGTH_BYTES = 8;

/** A file whose tensors are still streams. */
export interface RestoredFile {
  readonly pieces: readonly Piece[];
  readonly byteLength: number;
  readonly payloads: readonly Payload[];
}

/**
 * Puts payloads back into a skeleton: where a tensor's data is empty that must not be. `embeds`: those of other files too, so that the
 * model is in one piece. Throws ERR_GSM_FORMAT for a skeleton that is no ONNX file.
 */
export function restoreFile(skeleton: Uint8Array, embeds = false): RestoredFile {
  const source = new MemorySource(skeleton);
  const payloads: Payload[] = [];
  const data = (field: number, payload: Payload, byteLength = payload.byteLength): Rope => {
    payloads.push(payload);
    const list = listOf(payload);
    return head(field, byteLength).push({ index: payloads.length - 1, byteLength, ...(list && { list }) });
  };
  const fill = (message: WireMessage): Rope => {
    const rope = new Rope();
    const payload = message.schema.name === 'TensorProto' ? payloadOf(message) : undefined;
    const field = payload && 'field' in payload.place ? payload.place.field : undefined;
    const isOutside = payload !== undefined && field === undefined;
    const children = message.eachChild();
    for (const { no, wireType, tagStart, valueStart, valueEnd } of message.fields()) {
      const isMessage = message.schema.field(no)?.kind === 'message';
      const child = isMessage ? (children.next().value as WireMessage) : undefined;
      if (isOutside && embeds && PLACE_FIELDS.has(no)) continue;
      const length =
        no === field && wireType === BYTES ? payloadLength(source.read(valueStart, valueEnd), payload!) : undefined;
      if (length !== undefined) {
        rope.append(data(no, payload!, length));
      } else if (child) {
        const inner = fill(child);
        rope.append(head(no, inner.byteLength)).append(inner);
      } else {
        rope.push({ bytes: source.read(tagStart, valueEnd) });
      }
    }
    if (isOutside && embeds) rope.append(data(TENSOR.raw_data, payload));
    else if (isOutside) payloads.push(payload);
    return rope;
  };
  try {
    const rope = fill(openWire(source, onnxSchema.ModelProto));
    return { pieces: rope.pieces(), byteLength: rope.byteLength, payloads };
  } catch (cause) {
    throw encodeError('ERR_GSM_FORMAT', 'skeleton: expected an ONNX file, received other bytes', { cause });
  }
}

/** What says that a tensor's data is in another file; an empty raw_data may stand beside it. */
const PLACE_FIELDS: ReadonlySet<number> = new Set([TENSOR.external_data, TENSOR.data_location, TENSOR.raw_data]);

/** Bytes of a payload's field in the file, by what stands for it in the skeleton; undefined where the field is as it was. */
function payloadLength(value: Uint8Array, payload: Payload): number | undefined {
  if (!listOf(payload)) return value.length === 0 ? payload.byteLength : undefined;
  if (value.length === 0 || value.length > LIST_LENGTH_BYTES) return undefined;
  return new ByteReader(value).varint();
}

function head(field: number, byteLength: number): Rope {
  return new Rope().push({
    bytes: new ByteWriter()
      .varint(field * 8 + BYTES)
      .varint(byteLength)
      .finish(),
  });
}
