import { dtypeFromCode } from '../dtype.js';
import { type Dim, symbol } from '../ir/dim.js';
import type { ValueType } from '../ir/value-type.js';
import type { WireMessage } from '../wire/wire-message.js';
import { DIMENSION, MAP_TYPE, SEQUENCE_TYPE, SHAPE, TENSOR_TYPE, TYPE } from './fields.js';
import { checkRank } from './read-limits.js';

/** Reads a TypeProto; undefined when it says nothing. */
export function readType(message: WireMessage | undefined): ValueType | undefined {
  if (!message) return undefined;
  const dense = message.message(TYPE.tensor_type);
  const sparse = dense ? undefined : message.message(TYPE.sparse_tensor_type);
  const tensor = dense ?? sparse;
  if (tensor) {
    const declared = tensor.message(TENSOR_TYPE.shape);
    checkRank(declared?.count(SHAPE.dim) ?? 0, 'type');
    const shape = declared?.messages(SHAPE.dim).map(readDimension);
    const dtype = dtypeFromCode(tensor.safeInt(TENSOR_TYPE.elem_type) ?? 0);
    return { kind: dense ? 'tensor' : 'sparse-tensor', dtype, shape };
  }
  const sequence = message.message(TYPE.sequence_type);
  if (sequence) return { kind: 'sequence', element: readType(sequence.message(SEQUENCE_TYPE.elem_type)) };
  const optional = message.message(TYPE.optional_type);
  if (optional) return { kind: 'optional', element: readType(optional.message(SEQUENCE_TYPE.elem_type)) };
  const map = message.message(TYPE.map_type);
  if (map) {
    const key = dtypeFromCode(map.safeInt(MAP_TYPE.key_type) ?? 0);
    return { kind: 'map', key, value: readType(map.message(MAP_TYPE.value_type)) };
  }
  return message.fields().length === 0 ? undefined : { kind: 'opaque' };
}

/** A dimension: its number, its name, or unknown (absent, empty, negative as some exporters write it). */
function readDimension(message: WireMessage): Dim {
  const name = message.string(DIMENSION.dim_param);
  if (name) return symbol(name);
  const value = message.safeInt(DIMENSION.dim_value);
  return value !== undefined && value >= 0 ? value : undefined;
}
