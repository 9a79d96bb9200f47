import * as schema from '../wire/onnx-schema.js';

// Field numbers of each message by their names in onnx.proto.
export const MODEL = schema.ModelProto.no;
export const OPSET = schema.OperatorSetIdProto.no;
export const ENTRY = schema.StringStringEntryProto.no;
export const GRAPH = schema.GraphProto.no;
export const FUNCTION = schema.FunctionProto.no;
export const NODE = schema.NodeProto.no;
export const ATTRIBUTE = schema.AttributeProto.no;
export const TENSOR = schema.TensorProto.no;
export const SPARSE = schema.SparseTensorProto.no;
export const ANNOTATION = schema.TensorAnnotation.no;
export const VALUE_INFO = schema.ValueInfoProto.no;
export const TYPE = schema.TypeProto.no;
export const TENSOR_TYPE = schema.TypeProtoTensor.no;
export const SHAPE = schema.TensorShapeProto.no;
export const DIMENSION = schema.TensorShapeProtoDimension.no;
export const SEQUENCE_TYPE = schema.TypeProtoSequence.no;
export const MAP_TYPE = schema.TypeProtoMap.no;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const;
