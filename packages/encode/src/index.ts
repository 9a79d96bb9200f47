export { decodeModel, modelPieces, outsidePieces, readOutside } from './container/decode-model.js';
export {
  type EncodedModel,
  type EncodedTensor,
  encodeModel,
  encodeModelTo,
  type EncodeOptions,
  type EncodeReport,
} from './container/encode-model.js';
export { Gsm, type GsmTensor } from './container/gsm.js';
export { DEFAULT_GSM_LIMITS, type GsmLimits } from './container/limits.js';
export { openGsm } from './container/open-gsm.js';
export type { OutsideFile } from './container/outside-files.js';
export { toModel } from './container/to-model.js';
export { type EncodeErrorCode } from './error-codes.js';
export type { SparseForm } from './sparse/sparse-form.js';
export {
  type StoredModel,
  type StoredTensor,
  toDenseInitializers,
  toSparseInitializers,
} from './sparse/sparse-initializers.js';
export { SPARSE_FORMS, sparseBytes } from './sparse/sparse-bytes.js';
export { decodeHuffman, encodeHuffman, huffmanLengths } from './coders/huffman.js';
export { decodeEngine, type DecodeEngine } from './tensors/decode-stream.js';
export { decodeTensor, encodeTensor, formOf } from './tensors/encode-tensor.js';
export type { PlainTensor, TensorSpec } from './tensors/plain-tensor.js';
