import { ChunkList } from './chunk.js';
import { WireType } from './schema.js';
import { encodeVarint, VARINT_BYTES, writeVarint } from './varint.js';

// Each encoder returns one whole field, tag included, or for the unpacked lists one field an element.

/** The tag of field `no`. */
export function encodeTag(no: number, wireType: number): Uint8Array {
  if (!(Number.isInteger(no) && no >= 1 && no < 2 ** 29))
    throw new Error(`field number ${no} is not within 1 to 2^29 - 1`);
  return encodeVarint(no * 8 + wireType);
}

/** An int32, int64, uint64 or enum field; negative values as int64. Throws ERR_INT_RANGE beyond 64 bits. */
export function encodeInt(no: number, value: number | bigint): ChunkList {
  return ChunkList.of(encodeTag(no, WireType.varint)).push(encodeVarint(value));
}

/** A float field. */
export function encodeFloat(no: number, value: number): ChunkList {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return ChunkList.of(encodeTag(no, WireType.fixed32)).push(bytes);
}

/** A double field. */
export function encodeDouble(no: number, value: number): ChunkList {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return ChunkList.of(encodeTag(no, WireType.fixed64)).push(bytes);
}

/** A string field, as UTF-8. */
export function encodeString(no: number, value: string): ChunkList {
  return encodeBytes(no, Buffer.from(value, 'utf8'));
}

/** A bytes field; the payload may be a rope. */
export function encodeBytes(no: number, value: Uint8Array | ChunkList): ChunkList {
  const list = ChunkList.of(encodeTag(no, WireType.bytes)).push(encodeVarint(value.byteLength));
  return value instanceof ChunkList ? list.append(value) : list.push(value);
}

/** A sub-message field with the given body. */
export function encodeMessage(no: number, body: ChunkList): ChunkList {
  return encodeBytes(no, body);
}

/** A repeated integer field, one tag an element (the form of dims and of attribute ints). */
export function encodeInts(no: number, values: Iterable<number | bigint>): ChunkList {
  const list = new ChunkList();
  const tag = encodeTag(no, WireType.varint);
  for (const value of values) list.push(tag).push(encodeVarint(value));
  return list;
}

/** A packed integer field; nothing at all when there is no element. */
export function encodePackedInts(no: number, values: Iterable<number | bigint>): ChunkList {
  const integers = [...values];
  if (integers.length === 0) return new ChunkList();
  const bytes = new Uint8Array(integers.length * VARINT_BYTES);
  let end = 0;
  for (const value of integers) end = writeVarint(bytes, end, value);
  return encodeBytes(no, bytes.slice(0, end));
}

/** A repeated float field, one tag an element (the form of attribute floats), bit for bit. */
export function encodeFloats(no: number, values: Float32Array | readonly number[]): ChunkList {
  const list = new ChunkList();
  const tag = encodeTag(no, WireType.fixed32);
  const bytes = littleEndian(values instanceof Float32Array ? values : Float32Array.from(values));
  for (let at = 0; at < bytes.byteLength; at += 4) list.push(tag).push(bytes.subarray(at, at + 4));
  return list;
}

/** A packed float field, bit for bit; nothing at all when there is no element. */
export function encodePackedFloats(no: number, values: Float32Array): ChunkList {
  return values.length === 0 ? new ChunkList() : encodeBytes(no, littleEndian(values));
}

/** A packed double field, bit for bit; nothing at all when there is no element. */
export function encodePackedDoubles(no: number, values: Float64Array): ChunkList {
  return values.length === 0 ? new ChunkList() : encodeBytes(no, littleEndian(values));
}

/** A repeated string field, one tag an element. */
export function encodeStrings(no: number, values: Iterable<string>): ChunkList {
  const list = new ChunkList();
  for (const value of values) list.append(encodeString(no, value));
  return list;
}

/** Several fields or messages' bodies after one another. */
export function concatChunks(...lists: readonly ChunkList[]): ChunkList {
  const joined = new ChunkList();
  for (const list of lists) joined.append(list);
  return joined;
}

// Every platform Node runs on is little-endian, as the wire is.
function littleEndian(values: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
}
