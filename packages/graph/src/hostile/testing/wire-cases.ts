import * as wire from '../../wire/index.js';
import { fileCase, type HostileCase, type HostileFamily } from './hostile-case.js';
import {
  floats,
  graph,
  initializer,
  intAttribute,
  model,
  node,
  nodeField,
  output,
  tensor,
  valueInfo,
} from './onnx-parts.js';

const { ModelProto, GraphProto, TensorProto } = wire.onnxSchema;

const bytes =
  (...values: readonly number[]) =>
  () =>
    Uint8Array.from(values);

/** The tag of ModelProto.graph, then these bytes of a length and of nothing behind it. */
const length = (...varint: number[]) => bytes(0x3a, ...varint, 0);

const fill = (count: number, value: number): number[] => new Array<number>(count).fill(value);

const sound = (...fields: readonly wire.ChunkList[]) =>
  model(graph(initializer(tensor({ dims: [0] })), nodeField(node('Identity', ['w'], ['y'])), output('y')), ...fields);

const unsound =
  (...rest: readonly number[]) =>
  () =>
    Buffer.concat([sound(), Uint8Array.from(rest)]);

const lengths: readonly HostileCase[] = [
  fileCase('an empty file', 'ERR_NOT_ONNX', bytes()),
  fileCase('one byte', 'ERR_TRUNCATED', bytes(0x08)),
  fileCase('a length of 2^31 - 1', 'ERR_TRUNCATED', length(0xff, 0xff, 0xff, 0xff, 0x07)),
  fileCase('a length of 2^32 - 1', 'ERR_TRUNCATED', length(0xff, 0xff, 0xff, 0xff, 0x0f)),
  fileCase('a length of 2^63', 'ERR_TRUNCATED', length(...fill(9, 0x80), 0x01)),
  fileCase('a length of 2^64 - 1', 'ERR_TRUNCATED', length(...fill(9, 0xff), 0x01)),
  fileCase('a length of 2^64', 'ERR_BAD_VARINT', length(...fill(9, 0x80), 0x02)),
  fileCase('a varint of 11 bytes', 'ERR_BAD_VARINT', bytes(0x08, ...fill(10, 0x80), 0)),
  fileCase('a varint of 1000 bytes', 'ERR_BAD_VARINT', bytes(0x08, ...fill(1000, 0x80))),
];

const tags: readonly HostileCase[] = [
  fileCase('a tag of 0', 'ERR_BAD_TAG', unsound(0, 0)),
  fileCase('a field number of 0', 'ERR_BAD_TAG', unsound(0x02, 0)),
  fileCase('a field number of 2^29', 'ERR_BAD_TAG', unsound(0x80, 0x80, 0x80, 0x80, 0x10, 0)),
  fileCase('the last field number, 2^29 - 1', 'ok', unsound(0xf8, 0xff, 0xff, 0xff, 0x0f, 0)),
  fileCase('wire type 6', 'ERR_BAD_TAG', unsound(0x0e, 0)),
  fileCase('wire type 7', 'ERR_BAD_TAG', unsound(0x0f, 0)),
  fileCase('the end of a group that never began', 'ERR_BAD_GROUP', unsound(0xcc, 0x0c)),
  fileCase('a group ended by another', 'ERR_BAD_GROUP', unsound(0xcb, 0x0c, 0xd4, 0x0c)),
  fileCase('a group without an end', 'ERR_TRUNCATED', unsound(0xcb, 0x0c, 0x08, 1)),
  fileCase('the graph as a varint', 'ERR_WIRE_TYPE', bytes(0x38, 0x01)),
  fileCase('the graph as a group', 'ERR_WIRE_TYPE', bytes(0x3b, 0x3c)),
];

const repeats: readonly HostileCase[] = [
  fileCase('two graphs', 'ERR_DUPLICATE_FIELD', () => sound(wire.encodeMessage(ModelProto.no.graph, graph()))),
  fileCase('a scalar given twice: the last wins', 'ok', () => sound(wire.encodeInt(ModelProto.no.ir_version, 9))),
  fileCase('a non-minimal varint survives', 'ok', unsound(0xa8, 0x80, 0x00, 0x85, 0x80, 0x80, 0x00)),
  fileCase(
    'an unknown field of each wire type',
    'ok',
    unsound(
      ...[0xc8, 0x0c, 1, 0xc9, 0x0c, ...fill(8, 1), 0xca, 0x0c, 2, 7, 7],
      ...[0xcb, 0x0c, 0x08, 1, 0xcc, 0x0c, 0xcd, 0x0c, ...fill(4, 9)],
    ),
  ),
  fileCase('a graph of nothing but unknown fields', 'ok', () =>
    wire.toBytes(wire.encodeMessage(ModelProto.no.graph, wire.encodeInt(1000, 7))),
  ),
  fileCase('dims packed, unpacked and both', 'ok', () => {
    const dims = wire.concatChunks(wire.encodePackedInts(1, [0, 3]), wire.encodeInts(1, [5]));
    return model(graph(initializer(tensor({ dims: [2], data: dims })), output('w')));
  }),
  fileCase('float data packed, unpacked and both', 'ok', () => {
    const { float_data } = TensorProto.no;
    const both = wire.concatChunks(
      wire.encodePackedFloats(float_data, Float32Array.of(1, 2)),
      wire.encodeFloat(float_data, 3),
      wire.encodePackedFloats(float_data, Float32Array.of(4)),
    );
    return model(graph(initializer(tensor({ dims: [4], data: both })), output('w')));
  }),
  fileCase('an unknown field in every message', 'ok', () => {
    const unknown = wire.concatChunks(wire.encodeInt(1000, 7), wire.encodeString(1001, 'x'));
    const attribute = wire.concatChunks(intAttribute('axis', 0), unknown);
    const named = wire.concatChunks(valueInfo('y', [2]), unknown);
    const body = graph(
      initializer(wire.concatChunks(floats('w', [2], [1, 2]), unknown)),
      nodeField(wire.concatChunks(node('Softmax', ['w'], ['y'], [attribute]), unknown)),
      wire.encodeMessage(GraphProto.no.output, named),
      unknown,
    );
    const entry = wire.concatChunks(wire.encodeString(1, 'key'), wire.encodeString(2, 'value'), unknown);
    return model(body, wire.encodeMessage(ModelProto.no.metadata_props, entry), unknown);
  }),
  fileCase('a length past the end of its parent', 'ERR_TRUNCATED', () =>
    wire.toBytes(
      wire.concatChunks(
        wire.encodeMessage(ModelProto.no.graph, wire.ChunkList.of(Uint8Array.of(GraphProto.no.name * 8 + 2, 100, 65))),
        wire.encodeBytes(ModelProto.no.doc_string, new Uint8Array(200)),
      ),
    ),
  ),
];

export const wireCases: HostileFamily = { name: 'wire', format: 'onnx', cases: [...lengths, ...tags, ...repeats] };
