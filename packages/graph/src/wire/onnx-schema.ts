import { type FieldDefinition, MessageSchema } from './schema.js';

// Field numbers of onnx-ml.proto, ONNX 1.23 (IR version 14). A test holds this table to the .proto file.

const registry = new Map<string, MessageSchema>();

function define<const Fields extends Readonly<Record<string, FieldDefinition>>>(name: string, fields: Fields) {
  const schema = new MessageSchema<keyof Fields & string>(name, fields, (child) => {
    const found = registry.get(child);
    if (found === undefined) throw new Error(`schema ${name}: no message ${child}`);
    return found;
  });
  registry.set(name, schema);
  return schema;
}

export const ModelProto = define('ModelProto', {
  ir_version: [1, 'int64'],
  producer_name: [2, 'string'],
  producer_version: [3, 'string'],
  domain: [4, 'string'],
  model_version: [5, 'int64'],
  doc_string: [6, 'string'],
  graph: [7, 'GraphProto'],
  opset_import: [8, 'OperatorSetIdProto', 'repeated'],
  metadata_props: [14, 'StringStringEntryProto', 'repeated'],
  training_info: [20, 'TrainingInfoProto', 'repeated'],
  functions: [25, 'FunctionProto', 'repeated'],
  configuration: [26, 'DeviceConfigurationProto', 'repeated'],
});

export const GraphProto = define('GraphProto', {
  node: [1, 'NodeProto', 'repeated'],
  name: [2, 'string'],
  initializer: [5, 'TensorProto', 'repeated'],
  doc_string: [10, 'string'],
  input: [11, 'ValueInfoProto', 'repeated'],
  output: [12, 'ValueInfoProto', 'repeated'],
  value_info: [13, 'ValueInfoProto', 'repeated'],
  quantization_annotation: [14, 'TensorAnnotation', 'repeated'],
  sparse_initializer: [15, 'SparseTensorProto', 'repeated'],
  metadata_props: [16, 'StringStringEntryProto', 'repeated'],
});

export const NodeProto = define('NodeProto', {
  input: [1, 'string', 'repeated'],
  output: [2, 'string', 'repeated'],
  name: [3, 'string'],
  op_type: [4, 'string'],
  attribute: [5, 'AttributeProto', 'repeated'],
  doc_string: [6, 'string'],
  domain: [7, 'string'],
  overload: [8, 'string'],
  metadata_props: [9, 'StringStringEntryProto', 'repeated'],
  device_configurations: [10, 'NodeDeviceConfigurationProto', 'repeated'],
});

export const AttributeProto = define('AttributeProto', {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int64'],
  s: [4, 'bytes'],
  t: [5, 'TensorProto'],
  g: [6, 'GraphProto'],
  floats: [7, 'float', 'repeated'],
  ints: [8, 'int64', 'repeated'],
  strings: [9, 'bytes', 'repeated'],
  tensors: [10, 'TensorProto', 'repeated'],
  graphs: [11, 'GraphProto', 'repeated'],
  doc_string: [13, 'string'],
  tp: [14, 'TypeProto'],
  type_protos: [15, 'TypeProto', 'repeated'],
  type: [20, 'int32'],
  ref_attr_name: [21, 'string'],
  sparse_tensor: [22, 'SparseTensorProto'],
  sparse_tensors: [23, 'SparseTensorProto', 'repeated'],
});

export const TensorProto = define('TensorProto', {
  dims: [1, 'int64', 'repeated'],
  data_type: [2, 'int32'],
  segment: [3, 'TensorProto.Segment'],
  float_data: [4, 'float', 'packed'],
  int32_data: [5, 'int32', 'packed'],
  string_data: [6, 'bytes', 'repeated'],
  int64_data: [7, 'int64', 'packed'],
  name: [8, 'string'],
  raw_data: [9, 'bytes'],
  double_data: [10, 'double', 'packed'],
  uint64_data: [11, 'uint64', 'packed'],
  doc_string: [12, 'string'],
  external_data: [13, 'StringStringEntryProto', 'repeated'],
  data_location: [14, 'int32'],
  metadata_props: [16, 'StringStringEntryProto', 'repeated'],
});

export const TensorProtoSegment = define('TensorProto.Segment', { begin: [1, 'int64'], end: [2, 'int64'] });

export const SparseTensorProto = define('SparseTensorProto', {
  values: [1, 'TensorProto'],
  indices: [2, 'TensorProto'],
  dims: [3, 'int64', 'repeated'],
});

export const ValueInfoProto = define('ValueInfoProto', {
  name: [1, 'string'],
  type: [2, 'TypeProto'],
  doc_string: [3, 'string'],
  metadata_props: [4, 'StringStringEntryProto', 'repeated'],
});

export const TypeProto = define('TypeProto', {
  tensor_type: [1, 'TypeProto.Tensor'],
  sequence_type: [4, 'TypeProto.Sequence'],
  map_type: [5, 'TypeProto.Map'],
  denotation: [6, 'string'],
  opaque_type: [7, 'TypeProto.Opaque'],
  sparse_tensor_type: [8, 'TypeProto.SparseTensor'],
  optional_type: [9, 'TypeProto.Optional'],
});

export const TypeProtoTensor = define('TypeProto.Tensor', {
  elem_type: [1, 'int32'],
  shape: [2, 'TensorShapeProto'],
});

export const TypeProtoSparseTensor = define('TypeProto.SparseTensor', {
  elem_type: [1, 'int32'],
  shape: [2, 'TensorShapeProto'],
});

export const TypeProtoSequence = define('TypeProto.Sequence', { elem_type: [1, 'TypeProto'] });

export const TypeProtoOptional = define('TypeProto.Optional', { elem_type: [1, 'TypeProto'] });

export const TypeProtoMap = define('TypeProto.Map', { key_type: [1, 'int32'], value_type: [2, 'TypeProto'] });

export const TypeProtoOpaque = define('TypeProto.Opaque', { domain: [1, 'string'], name: [2, 'string'] });

export const TensorShapeProto = define('TensorShapeProto', { dim: [1, 'TensorShapeProto.Dimension', 'repeated'] });

export const TensorShapeProtoDimension = define('TensorShapeProto.Dimension', {
  dim_value: [1, 'int64'],
  dim_param: [2, 'string'],
  denotation: [3, 'string'],
});

export const OperatorSetIdProto = define('OperatorSetIdProto', { domain: [1, 'string'], version: [2, 'int64'] });

export const StringStringEntryProto = define('StringStringEntryProto', { key: [1, 'string'], value: [2, 'string'] });

export const TrainingInfoProto = define('TrainingInfoProto', {
  initialization: [1, 'GraphProto'],
  algorithm: [2, 'GraphProto'],
  initialization_binding: [3, 'StringStringEntryProto', 'repeated'],
  update_binding: [4, 'StringStringEntryProto', 'repeated'],
});

export const FunctionProto = define('FunctionProto', {
  name: [1, 'string'],
  input: [4, 'string', 'repeated'],
  output: [5, 'string', 'repeated'],
  attribute: [6, 'string', 'repeated'],
  node: [7, 'NodeProto', 'repeated'],
  doc_string: [8, 'string'],
  opset_import: [9, 'OperatorSetIdProto', 'repeated'],
  domain: [10, 'string'],
  attribute_proto: [11, 'AttributeProto', 'repeated'],
  value_info: [12, 'ValueInfoProto', 'repeated'],
  overload: [13, 'string'],
  metadata_props: [14, 'StringStringEntryProto', 'repeated'],
});

export const TensorAnnotation = define('TensorAnnotation', {
  tensor_name: [1, 'string'],
  quant_parameter_tensor_names: [2, 'StringStringEntryProto', 'repeated'],
});

export const DeviceConfigurationProto = define('DeviceConfigurationProto', {
  name: [1, 'string'],
  num_devices: [2, 'int32'],
  device: [3, 'string', 'repeated'],
});

export const NodeDeviceConfigurationProto = define('NodeDeviceConfigurationProto', {
  configuration_id: [1, 'string'],
  sharding_spec: [2, 'ShardingSpecProto', 'repeated'],
  pipeline_stage: [3, 'int32'],
});

export const ShardingSpecProto = define('ShardingSpecProto', {
  tensor_name: [1, 'string'],
  device: [2, 'int64', 'repeated'],
  index_to_device_group_map: [3, 'IntIntListEntryProto', 'repeated'],
  sharded_dim: [4, 'ShardedDimProto', 'repeated'],
});

export const IntIntListEntryProto = define('IntIntListEntryProto', {
  key: [1, 'int64'],
  value: [2, 'int64', 'repeated'],
});

export const ShardedDimProto = define('ShardedDimProto', {
  axis: [1, 'int64'],
  simple_sharding: [2, 'SimpleShardedDimProto', 'repeated'],
});

export const SimpleShardedDimProto = define('SimpleShardedDimProto', {
  dim_value: [1, 'int64'],
  dim_param: [2, 'string'],
  num_shards: [3, 'int64'],
});

// onnx-data.proto: what the standard's test data sets hold beside TensorProto.

export const SequenceProto = define('SequenceProto', {
  name: [1, 'string'],
  elem_type: [2, 'int32'],
  tensor_values: [3, 'TensorProto', 'repeated'],
  sparse_tensor_values: [4, 'SparseTensorProto', 'repeated'],
  sequence_values: [5, 'SequenceProto', 'repeated'],
  map_values: [6, 'MapProto', 'repeated'],
  optional_values: [7, 'OptionalProto', 'repeated'],
});

export const MapProto = define('MapProto', {
  name: [1, 'string'],
  key_type: [2, 'int32'],
  keys: [3, 'int64', 'repeated'],
  string_keys: [4, 'bytes', 'repeated'],
  values: [5, 'SequenceProto'],
});

export const OptionalProto = define('OptionalProto', {
  name: [1, 'string'],
  elem_type: [2, 'int32'],
  tensor_value: [3, 'TensorProto'],
  sparse_tensor_value: [4, 'SparseTensorProto'],
  sequence_value: [5, 'SequenceProto'],
  map_value: [6, 'MapProto'],
  optional_value: [7, 'OptionalProto'],
});

/** Every message of the schema by its name in the .proto file. */
export const ONNX_MESSAGES: ReadonlyMap<string, MessageSchema> = registry;
