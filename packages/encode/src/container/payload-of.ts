import { type DType, dtypeBits, dtypeByteLength, dtypeFromCode } from '@gossamer/graph';
import { onnxSchema, readExternalReference, type WireMessage } from '@gossamer/graph/onnx';
import type { TensorSpec } from '../tensors/plain-tensor.js';
import { type ListType, VARINT_LISTS } from './varint-list.js';

const { no: TENSOR } = onnxSchema.TensorProto;
/** TensorProto.DataLocation.EXTERNAL. */
const EXTERNAL = 1;
/** Data of fewer bytes stays in the skeleton, whose model takes shapes and scales for less; of elements of a byte or less few are enough. */
const MIN_BYTES = 24;
const MIN_BYTES_OF_NARROW = 5;
/** Elements of a list of varints below which it stays in the skeleton: more than bytes in the varint that stands for a longer one there. */
const MIN_LISTED = 24;

/** The data of a TensorProto that is stored as a stream of its own. */
export interface Payload extends TensorSpec {
  readonly name: string;
  /** Bytes in raw layout. */
  readonly byteLength: number;
  /** The field that holds it; `external` where it lies in another file, at `offset` of `location`. */
  readonly place:
    { readonly field: number; readonly list?: ListType } | { readonly location: string; readonly offset: number };
}

/**
 * The payload of a tensor, by what the message says without it: so that reader and writer of a skeleton agree. Undefined where the data
 * is small, of an unknown type, or in a list of another type.
 */
export function payloadOf(tensor: WireMessage): Payload | undefined {
  const dtype = dtypeFromCode(tensor.safeInt(TENSOR.data_type) ?? 0);
  if (!dtype || dtype === 'string' || tensor.has(TENSOR.segment)) return undefined;
  const dims = tensor.safeInts(TENSOR.dims);
  if (dims.some((dim) => dim < 0)) return undefined;
  const count = dims.reduce((a, b) => a * b, 1);
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(Math.ceil((count * dtypeBits(dtype)) / 8)))
    return undefined;
  const byteLength = dtypeByteLength(dtype, count);
  const place = placeOf(tensor, dtype);
  if (byteLength < (dtypeBits(dtype) <= 8 ? MIN_BYTES_OF_NARROW : MIN_BYTES) || !place) return undefined;
  if ('list' in place && count < MIN_LISTED) return undefined;
  return { dtype, dims, byteLength, name: tensor.text(TENSOR.name) ?? '', place };
}

function placeOf(tensor: WireMessage, dtype: DType): Payload['place'] | undefined {
  if (tensor.safeInt(TENSOR.data_location) === EXTERNAL) {
    const { location, offset } = readExternalReference(tensor);
    return { location, offset };
  }
  const field = [TENSOR.raw_data, dtype === 'float32' ? TENSOR.float_data : TENSOR.double_data].find((no) =>
    tensor.has(no),
  );
  if (field === undefined) return listOf(tensor, dtype);
  if (tensor.count(field) !== 1) return undefined;
  if (field === TENSOR.double_data && dtype !== 'float64') return undefined;
  return { field };
}

function listOf(tensor: WireMessage, dtype: DType): Payload['place'] | undefined {
  for (const [name, types] of Object.entries(VARINT_LISTS)) {
    const field = TENSOR[name as keyof typeof VARINT_LISTS];
    const list = types[dtype];
    if (list && tensor.count(field) === 1) return { field, list };
  }
  return undefined;
}
