import { dtypeCode } from '../dtype.js';
import type { Tensor } from '../ir/tensor.js';
import type { SparseTensor } from '../ir/value.js';
import { ChunkList } from '../wire/chunk.js';
import { concatChunks, encodeBytes, encodeInt, encodeInts, encodeMessage, encodeString } from '../wire/encode.js';
import { isExternal } from '../wire/external-reference.js';
import { patchMessage } from '../wire/patch.js';
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

/** The body of a TensorProto called `name`; a tensor that comes from a file keeps all its bytes but the name. */
export function encodeTensor(tensor: Tensor, name: string, placement: TensorPlacement): ChunkList {
  const { origin } = tensor;
  if (origin && !placement.mustMove(tensor)) {
    if ((origin.string(TENSOR.name) ?? '') === name)
      return new ChunkList().pushRange(origin.source, origin.start, origin.end);
    return patchMessage(origin, [{ no: TENSOR.name, value: encodeString(TENSOR.name, name) }]);
  }
  const head = concatChunks(
    encodeInts(TENSOR.dims, tensor.dims),
    encodeInt(TENSOR.data_type, dtypeCode(tensor.dtype)),
    name === '' ? new ChunkList() : encodeString(TENSOR.name, name),
  );
  if (tensor.dtype !== 'string') return concatChunks(head, placement.place(tensor, name));
  return concatChunks(head, ...tensor.strings().map((element) => encodeBytes(TENSOR.string_data, element)));
}

/** The body of a SparseTensorProto; its name is the name of the values. */
export function encodeSparseTensor(sparse: SparseTensor, name: string, placement: TensorPlacement): ChunkList {
  return concatChunks(
    encodeMessage(SPARSE.values, encodeTensor(sparse.values, name, placement)),
    encodeMessage(SPARSE.indices, encodeTensor(sparse.indices, '', placement)),
    encodeInts(SPARSE.dims, sparse.dims),
  );
}
