export type { ByteRange, ByteSource } from './byte-source.js';
export { type Chunk, ChunkList } from './chunk.js';
export {
  concatChunks,
  encodeBytes,
  encodeDouble,
  encodeFloat,
  encodeFloats,
  encodeInt,
  encodeInts,
  encodeMessage,
  encodePackedDoubles,
  encodePackedFloats,
  encodePackedInts,
  encodeString,
  encodeStrings,
  encodeTag,
} from './encode.js';
export { wireError, type WireErrorCode } from './error-codes.js';
export { ExternalData } from './external-data.js';
export { type ExternalTrust, openExternalFile } from './external-path.js';
export { type ExternalReference, isExternal, readExternalReference } from './external-reference.js';
export {
  assertModelSize,
  encodePlacement,
  type ExternalPlacement,
  type ExternalWriteOptions,
  type ExternalWriteResult,
  MODEL_BYTE_LIMIT,
  writeWithExternalData,
} from './external-writer.js';
export type { WireField } from './field-table.js';
export { FileSource, type FileSourceOptions } from './file-source.js';
export { DEFAULT_WIRE_LIMITS, WireBudget, type WireLimits } from './limits.js';
export { MemorySource } from './memory-source.js';
export { NumberList } from './number-list.js';
export * as onnxSchema from './onnx-schema.js';
export {
  type AppendEdit,
  type BodyEdit,
  copyMessage,
  type FieldEdit,
  patchMessage,
  type ReplaceEdit,
} from './patch.js';
export { readChunks, toBytes } from './read-chunks.js';
export { type FieldKind, type FieldSchema, MessageSchema, WireType } from './schema.js';
export { validateMessages } from './validate-messages.js';
export { openWire, WireMessage } from './wire-message.js';
export { writeAtomically, writeNamedByContent, type WriteOptions } from './write-file.js';
