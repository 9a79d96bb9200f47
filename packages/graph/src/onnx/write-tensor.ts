import { dtypeCode } from '../dtype.js';
import type { Tensor } from '../ir/tensor.js';
import type { SparseTensor } from '../ir/value.js';
import { ChunkList } from '../wire/chunk.js';
import { concatChunks, encodeBytes, encodeInt, encodeInts, encodeMessage, encodeString } from '../wire/encode.js';
import { isExternal } from '../wire/external-reference.js';
import { type FieldEdit, patchMessage } from '../wire/patch.js';
import type { WireMessage } from '../wire/wire-message.js';
import { SPARSE, TENSOR } from './fields.js';

/** Where new tensor data go: into the model file (the default), or beside it. */
export interface TensorPlacement {
  /** The fields that tell where the data of `tensor` are (raw_data, or external_data and data_location). */
  place(tensor: Tensor, name: string): ChunkList;
  /** True when a tensor read from a file must be placed again, since its file will not be there. */
  mustMove(tensor: Tensor): boolean;
}

/** All data inside the model file; what lies outside is brought in. */
export const embedded: TensorPlacement = {
  place: (tensor) => encodeBytes(TENSOR.raw_data, tensorBytes(tensor)),
  mustMove: isOutside,
};

/** References to data beside the model stay as they are: for a copy whose data files go along. */
export const inPlace: TensorPlacement = { ...embedded, mustMove: () => false };

/** True when the tensor's data lie in a file beside its model. */
export function isOutside(tensor: Tensor): boolean {
  return tensor.origin !== undefined && isExternal(tensor.origin);
}

const PIECE = 4 << 20;

/** The raw bytes as a rope; large ones are read piece by piece when they are written. */
export function tensorBytes(tensor: Tensor): ChunkList {
  const { byteLength } = tensor;
  if (byteLength <= PIECE) return ChunkList.of(tensor.bytes());
  return new ChunkList().pushStream(byteLength, function* () {
    for (let at = 0; at < byteLength; at += PIECE) yield tensor.bytes(at, Math.min(at + PIECE, byteLength));
  });
}

/**
 * The body of a TensorProto called `name`; a tensor that comes from a file keeps all its bytes but the name, and all but its data when
 * those must move. A new one takes documentation and metadata from `replaced`, in whose place it stands.
 */
export function encodeTensor(
  tensor: Tensor,
  name: string,
  placement: TensorPlacement,
  replaced?: WireMessage,
): ChunkList {
  const { origin } = tensor;
  if (origin && !placement.mustMove(tensor)) {
    if ((origin.string(TENSOR.name) ?? '') === name)
      return new ChunkList().pushRange(origin.source, origin.start, origin.end);
    return patchMessage(origin, [{ no: TENSOR.name, value: encodeString(TENSOR.name, name) }]);
  }
  if (origin && tensor.dtype !== 'string')
    return concatChunks(without(origin, DATA_FIELDS, name), placement.place(tensor, name));
  const head = concatChunks(
    replaced ? without(replaced, CONTENT_FIELDS, '') : new ChunkList(),
    encodeInts(TENSOR.dims, tensor.dims),
    encodeInt(TENSOR.data_type, dtypeCode(tensor.dtype)),
    name === '' ? new ChunkList() : encodeString(TENSOR.name, name),
  );
  if (tensor.dtype !== 'string') return concatChunks(head, placement.place(tensor, name));
  return concatChunks(head, ...tensor.strings().map((element) => encodeBytes(TENSOR.string_data, element)));
}

/** Where a TensorProto keeps its data, in one of them. */
const DATA_FIELDS = [
  TENSOR.float_data,
  TENSOR.int32_data,
  TENSOR.int64_data,
  TENSOR.uint64_data,
  TENSOR.double_data,
  TENSOR.raw_data,
  TENSOR.external_data,
  TENSOR.data_location,
];

const CONTENT_FIELDS = [...DATA_FIELDS, TENSOR.string_data, TENSOR.dims, TENSOR.data_type];

/** A tensor of the file under `name` ('': without one) but for some fields: documentation, metadata and what is not known stay. */
function without(origin: WireMessage, fields: readonly number[], name: string): ChunkList {
  const edits: FieldEdit[] = fields.filter((no) => origin.has(no)).map((no) => ({ no, value: undefined }));
  if ((origin.string(TENSOR.name) ?? '') !== name) {
    edits.push({ no: TENSOR.name, value: name === '' ? undefined : encodeString(TENSOR.name, name) });
  }
  return patchMessage(origin, edits);
}

/** The body of a SparseTensorProto; its name is the name of the values. */
export function encodeSparseTensor(sparse: SparseTensor, name: string, placement: TensorPlacement): ChunkList {
  return concatChunks(
    encodeMessage(SPARSE.values, encodeTensor(sparse.values, name, placement)),
    encodeMessage(
      SPARSE.indices,
      encodeTensor(sparse.indices, sparse.indices.origin?.string(TENSOR.name) ?? '', placement),
    ),
    encodeInts(SPARSE.dims, sparse.dims),
  );
}
