import * as wire from '../../wire/index.js';
import { deepCase, fileCase, type HostileCase, type HostileFamily } from './hostile-case.js';
import * as parts from './onnx-parts.js';

const { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto } =
  wire.onnxSchema;
const { no } = TensorProto;
const { raw, tensor, tensorModel } = parts;

const shaped = (name: string, expected: string, dims: readonly (number | bigint)[], data = raw(0, 0, 0, 0)) =>
  fileCase(name, expected, () => tensorModel(tensor({ dims, data })));

/** A tensor of so many dimensions of 1, each a field of its own. */
const manyDims = (count: number) =>
  tensorModel(
    tensor({ dims: [], data: wire.concatChunks(parts.repeat(wire.encodeInt(no.dims, 1), count), raw(0, 0, 0, 0)) }),
  );

const shapes: readonly HostileCase[] = [
  shaped('dims [2^62, 4]', 'ERR_INT_RANGE', [2n ** 62n, 4]),
  shaped('dims [2^32, 2^32]', 'ERR_TENSOR_SHAPE', [2 ** 32, 2 ** 32]),
  shaped('dims [2^26, 2^26, 2^26]', 'ERR_TENSOR_SHAPE', [2 ** 26, 2 ** 26, 2 ** 26]),
  shaped('dims [-1]', 'ERR_TENSOR_SHAPE', [-1]),
  shaped('dims [0, -1]', 'ERR_TENSOR_SHAPE', [0, -1]),
  shaped('dims [0, 2^63 - 1]', 'ERR_INT_RANGE', [0, 2n ** 63n - 1n]),
  shaped('dims [2^52]', 'ERR_TENSOR_SIZE', [2 ** 52]),
  shaped('dims of no data', 'ERR_TENSOR_DATA', [3], new wire.ChunkList()),
  fileCase('400,000 dims', 'ERR_TENSOR_SHAPE', () => manyDims(400_000)),
  deepCase('1,000,000 dims', undefined, 'ERR_FIELD_BUDGET', () => manyDims(1_000_000)),
  shaped('raw data longer than the shape', 'ERR_TENSOR_DATA', [1], raw(0, 0, 0, 0, 0)),
  shaped('raw data shorter than the shape', 'ERR_TENSOR_DATA', [2], raw(0, 0, 0, 0)),
  shaped(
    'float data longer than the shape',
    'ERR_TENSOR_DATA',
    [1],
    wire.encodePackedFloats(no.float_data, Float32Array.of(1, 2)),
  ),
  shaped(
    'float data that ends within an element',
    'ERR_TENSOR_DATA',
    [1],
    wire.encodeBytes(no.float_data, new Uint8Array(7)),
  ),
  fileCase('double data that end within an element', 'ERR_TENSOR_DATA', () =>
    tensorModel(tensor({ type: 11, data: wire.encodeBytes(no.double_data, new Uint8Array(12)) })),
  ),
  fileCase('int64 data that end within a varint', 'ERR_BAD_VARINT', () =>
    tensorModel(tensor({ type: 7, data: wire.encodeBytes(no.int64_data, Uint8Array.of(0x80)) })),
  ),
  fileCase('a segment of a tensor', 'ERR_TENSOR_DATA', () =>
    tensorModel(
      tensor({ data: wire.concatChunks(raw(0, 0, 0, 0), wire.encodeMessage(no.segment, wire.encodeInt(1, 0))) }),
    ),
  ),
];

const types: readonly HostileCase[] = [
  ...[0, 29, 2 ** 31 - 1, -1].map((type) =>
    fileCase(`data type ${type}`, 'ERR_DTYPE', () => tensorModel(tensor({ type, data: raw(0, 0, 0, 0) }))),
  ),
  fileCase('a data type of 2^40', 'ERR_INT_RANGE', () => tensorModel(tensor({ type: 2 ** 40, data: raw(0) }))),
  fileCase('int4, an odd count, a padding nibble that is not zero', 'ok', () =>
    tensorModel(tensor({ dims: [3], type: 22, data: raw(0x21, 0xf3) })),
  ),
  fileCase('int2, an odd count, padding that is not zero', 'ok', () =>
    tensorModel(tensor({ dims: [5], type: 26, data: raw(0xe4, 0xff) })),
  ),
  // Protobuf takes an unknown value of a closed enumeration for none.
  fileCase('a data location that does not exist', 'ok', () =>
    tensorModel(tensor({ data: wire.concatChunks(raw(0, 0, 0, 0), wire.encodeInt(no.data_location, 7)) })),
  ),
  ...[10, 16].map((type) =>
    fileCase(`16-bit floats (${type}) above 16 bits in int32_data`, 'ERR_INT_RANGE', () =>
      tensorModel(tensor({ type, data: wire.encodePackedInts(no.int32_data, [0x1_0000]) })),
    ),
  ),
  fileCase('uint8 of 256 in int32_data', 'ERR_INT_RANGE', () =>
    tensorModel(tensor({ type: 2, data: wire.encodePackedInts(no.int32_data, [256]) })),
  ),
  fileCase('int8 of -129 in int32_data', 'ERR_INT_RANGE', () =>
    tensorModel(tensor({ type: 3, data: wire.encodePackedInts(no.int32_data, [-129]) })),
  ),
  fileCase('uint32 of 2^32 in uint64_data', 'ERR_INT_RANGE', () =>
    tensorModel(tensor({ type: 12, data: wire.encodePackedInts(no.uint64_data, [2 ** 32]) })),
  ),
  fileCase('strings as raw data', 'ERR_TENSOR_DATA', () => tensorModel(tensor({ type: 8, data: raw(65) }))),
  fileCase('no strings, and raw data', 'ERR_TENSOR_DATA', () =>
    tensorModel(tensor({ dims: [0], type: 8, data: raw(65) })),
  ),
];

const external = wire.encodePlacement({ location: 'x', offset: 0, length: 4 });
const floatData = wire.encodePackedFloats(no.float_data, Float32Array.of(1));
const twice = (second: wire.ChunkList) => tensor({ data: wire.concatChunks(raw(0, 0, 0, 0), second) });

const everywhere = (name: string, make: (body: wire.ChunkList) => Uint8Array, trusted = 'ERR_TENSOR_DATA') => [
  deepCase(`raw and float data in ${name}`, trusted, 'ERR_TENSOR_DATA', () => make(twice(floatData))),
  deepCase(`raw and external data in ${name}`, trusted, 'ERR_TENSOR_DATA', () => make(twice(external))),
];

const withNode = (body: wire.ChunkList) =>
  parts.nodeField(parts.node('Constant', [], ['y'], [parts.tensorAttribute('value', body)]));

/** What no part of Gossamer reads is carried through as it is in a trusted file. */
const forms: readonly HostileCase[] = [
  ...everywhere('an initializer', tensorModel),
  ...everywhere('an attribute', (body) => parts.model(parts.graph(withNode(body), parts.output('y')))),
  ...everywhere('a node of a function', (body) => {
    const constant = parts.node('Constant', [], ['b'], [parts.tensorAttribute('value', body)]);
    return parts.model(parts.graph(), parts.functionOf('k', constant));
  }),
  ...everywhere('a default of a function', (body) => {
    const attribute = wire.concatChunks(wire.encodeString(1, 'v'), wire.encodeMessage(AttributeProto.no.t, body));
    const definition = wire.concatChunks(
      wire.encodeString(FunctionProto.no.name, 'k'),
      wire.encodeMessage(FunctionProto.no.attribute_proto, attribute),
    );
    return parts.model(parts.graph(), wire.encodeMessage(ModelProto.no.functions, definition));
  }),
  ...everywhere('sparse values', (body) => {
    const sparse = wire.concatChunks(
      wire.encodeMessage(SparseTensorProto.no.values, body),
      wire.encodeMessage(SparseTensorProto.no.indices, parts.longs('', [0])),
      wire.encodeInts(SparseTensorProto.no.dims, [4]),
    );
    return parts.model(parts.graph(wire.encodeMessage(GraphProto.no.sparse_initializer, sparse)));
  }),
  ...everywhere(
    'training info',
    (body) => {
      const algorithm = parts.graph(wire.encodeMessage(GraphProto.no.initializer, body));
      return parts.model(
        parts.graph(),
        wire.encodeMessage(ModelProto.no.training_info, wire.encodeMessage(2, algorithm)),
      );
    },
    'ok',
  ),
];

function sparse(dims: readonly number[], values: wire.ChunkList, indices: wire.ChunkList): Uint8Array {
  const body = wire.concatChunks(
    wire.encodeMessage(SparseTensorProto.no.values, values),
    wire.encodeMessage(SparseTensorProto.no.indices, indices),
    wire.encodeInts(SparseTensorProto.no.dims, dims),
  );
  return parts.model(parts.graph(wire.encodeMessage(GraphProto.no.sparse_initializer, body)));
}

const sparseCase = (name: string, expected: string, indices: readonly number[], dims: readonly number[] = [4]) =>
  deepCase(`sparse indices ${name}`, 'ok', expected, () =>
    sparse(dims, parts.floats('s', [indices.length], [...indices]), parts.longs('', indices)),
  );

const sparseTensors: readonly HostileCase[] = [
  sparseCase('in order', 'ok', [0, 2, 3]),
  sparseCase('out of range', 'ERR_SPARSE_INDEX', [0, 4]),
  sparseCase('below zero', 'ERR_SPARSE_INDEX', [-1, 2]),
  sparseCase('out of order', 'ERR_SPARSE_INDEX', [2, 1]),
  sparseCase('twice', 'ERR_SPARSE_INDEX', [1, 1]),
  fileCase('sparse indices, one for two values', 'ERR_TENSOR_SHAPE', () =>
    sparse([4], parts.floats('s', [2], [1, 2]), parts.longs('', [0])),
  ),
  fileCase('sparse indices of rank 2 that name a column too few', 'ERR_TENSOR_SHAPE', () =>
    sparse(
      [4, 4],
      parts.floats('s', [1], [1]),
      tensor({ name: '', dims: [1, 1], type: 7, data: raw(0, 0, 0, 0, 0, 0, 0, 0) }),
    ),
  ),
  deepCase('sparse indices of rank 2 out of range', 'ok', 'ERR_SPARSE_INDEX', () =>
    sparse(
      [4, 2],
      parts.floats('s', [1], [1]),
      tensor({ name: '', dims: [1, 2], type: 7, data: raw(...longBytes(1), ...longBytes(2)) }),
    ),
  ),
  fileCase('sparse indices that are floats', 'ERR_DTYPE', () =>
    sparse([4], parts.floats('s', [1], [1]), parts.floats('', [1], [0])),
  ),
  fileCase('sparse values without indices', 'ERR_TENSOR_DATA', () =>
    parts.model(
      parts.graph(
        wire.encodeMessage(GraphProto.no.sparse_initializer, wire.encodeMessage(1, parts.floats('s', [1], [1]))),
      ),
    ),
  ),
];

function longBytes(value: number): number[] {
  return [value, 0, 0, 0, 0, 0, 0, 0];
}

const conv = (values: readonly number[]) =>
  parts.model(
    parts.graph(
      parts.input('x', [1, 1, 2, 2]),
      parts.initializer(parts.floats('w', [values.length, 1, 1, 1], values)),
      parts.nodeField(parts.node('Conv', ['x', 'w'], ['y'])),
      parts.output('y'),
    ),
  );

const values: readonly HostileCase[] = [
  fileCase('weights of NaN, infinities, a denormal and -0', 'ok', () => conv([NaN, Infinity, -Infinity, 1e-40, -0])),
  fileCase('weights that are all the same', 'ok', () => conv([2, 2, 2, 2])),
  fileCase('a channel of zeros beside an outlier', 'ok', () => conv([0, 3e38])),
  fileCase('a signalling NaN in raw data', 'ok', () => tensorModel(tensor({ data: raw(1, 0, 0xa0, 0x7f) }))),
  fileCase('a signalling NaN in float data', 'ok', () =>
    tensorModel(tensor({ data: wire.encodeBytes(no.float_data, Uint8Array.of(1, 0, 0xa0, 0x7f)) })),
  ),
  fileCase('a bool of 7', 'ok', () => tensorModel(tensor({ type: 9, data: raw(7) }))),
  fileCase('unknown fields in a node and a tensor', 'ok', () => {
    const unknown = wire.encodeString(999, 'x');
    const identity = wire.concatChunks(parts.node('Identity', ['w'], ['y']), unknown);
    const body = wire.concatChunks(parts.floats('w', [1], [1]), unknown);
    return parts.model(parts.graph(parts.initializer(body), wire.encodeMessage(GraphProto.no.node, identity)));
  }),
  fileCase('an attribute of unknown type', 'ok', () => {
    const attribute = wire.concatChunks(wire.encodeString(1, 'a'), wire.encodeInt(AttributeProto.no.type, 99));
    const odd = wire.concatChunks(
      parts.node('Odd', [], ['y'], [], 'unknown'),
      wire.encodeMessage(NodeProto.no.attribute, attribute),
    );
    return parts.model(parts.graph(parts.nodeField(odd)));
  }),
];

export const tensorCases: HostileFamily = {
  name: 'tensors',
  format: 'onnx',
  cases: [...shapes, ...types, ...forms, ...sparseTensors, ...values],
};
