import { dtypeCode } from '../dtype.js';
import type { Dim } from '../ir/dim.js';
import type { ValueType } from '../ir/value-type.js';
import { ChunkList } from '../wire/chunk.js';
import { concatChunks, encodeInt, encodeMessage, encodeString } from '../wire/encode.js';
import { DIMENSION, MAP_TYPE, SEQUENCE_TYPE, SHAPE, TENSOR_TYPE, TYPE } from './fields.js';

/** The body of a TypeProto; throws a plain Error for an opaque type, which no edit makes. */
export function encodeType(type: ValueType): ChunkList {
  switch (type.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const body = type.dtype ? encodeInt(TENSOR_TYPE.elem_type, dtypeCode(type.dtype)) : new ChunkList();
      if (type.shape) body.append(encodeMessage(TENSOR_TYPE.shape, encodeShape(type.shape)));
      return encodeMessage(type.kind === 'tensor' ? TYPE.tensor_type : TYPE.sparse_tensor_type, body);
    }
    case 'sequence':
      return encodeMessage(TYPE.sequence_type, element(type.element));
    case 'optional':
      return encodeMessage(TYPE.optional_type, element(type.element));
    case 'map': {
      const key = type.key ? encodeInt(MAP_TYPE.key_type, dtypeCode(type.key)) : new ChunkList();
      const value = type.value ? encodeMessage(MAP_TYPE.value_type, encodeType(type.value)) : new ChunkList();
      return encodeMessage(TYPE.map_type, concatChunks(key, value));
    }
    case 'opaque':
      throw new Error('an opaque type can only be carried through, not written anew');
  }
}

// Sequence and Optional both keep their element type in field 1.
function element(type: ValueType | undefined): ChunkList {
  return type ? encodeMessage(SEQUENCE_TYPE.elem_type, encodeType(type)) : new ChunkList();
}

function encodeShape(shape: readonly Dim[]): ChunkList {
  return concatChunks(...shape.map((dim) => encodeMessage(SHAPE.dim, encodeDimension(dim))));
}

function encodeDimension(dim: Dim): ChunkList {
  if (dim === undefined) return new ChunkList();
  return typeof dim === 'number' ? encodeInt(DIMENSION.dim_value, dim) : encodeString(DIMENSION.dim_param, dim.key);
}
