export type { ExternalTrust } from '../wire/external-path.js';
export type { WireLimits } from '../wire/limits.js';
export type { ReadLimits } from './read-limits.js';
export { loadModel, parseModel, readModel, type ReadOptions } from './read-model.js';
export { countOperators } from './count-operators.js';
export { type ExternalDataMode, saveModel, type SaveOptions } from './save-model.js';
export { isUnedited, modelBytes, serializeModel } from './write-model.js';
// What the runtime needs to hand a model to an engine without copying the weights that lie in its file.
export { toBytes } from '../wire/read-chunks.js';
export { readExternalReference } from '../wire/external-reference.js';
export { encodePlacement } from '../wire/external-writer.js';
export { writeModel } from './write-model.js';
export { embedded, isOutside, type TensorPlacement } from './write-tensor.js';
// What a caller needs to write files of its own beside a destination and move them there.
export { makeFolders } from '../wire/make-folders.js';
export { makeTempFolder, removeTempFolder } from '../wire/temp-folder.js';
export { asWriteError, writeAtomically, type WriteOptions } from '../wire/write-file.js';
export { ChunkList } from '../wire/chunk.js';
// What lossless storage needs: where each tensor's bytes lie in a file and in the files beside it.
export type { ByteSource } from '../wire/byte-source.js';
export { openExternalFile } from '../wire/external-path.js';
export { FileSource } from '../wire/file-source.js';
export { MemorySource } from '../wire/memory-source.js';
export * as onnxSchema from '../wire/onnx-schema.js';
export { openWire, type WireMessage } from '../wire/wire-message.js';
