import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as wire from '../../wire/index.js';
import { deepCase, fileCase, type HostileCase, type HostileFamily } from './hostile-case.js';
import * as parts from './onnx-parts.js';

const { AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto, TypeProto } =
  wire.onnxSchema;

const groups = (depth: number): wire.ChunkList =>
  wire.concatChunks(
    parts.repeat(wire.ChunkList.of(Uint8Array.of(0xcb, 0x0c)), depth),
    parts.repeat(wire.ChunkList.of(Uint8Array.of(0xcc, 0x0c)), depth),
  );

/** Bodies inside one another, built from the inside as bytes: a rope of ropes would be copied at each level. */
function nested(depth: number, wrap: (inner: wire.ChunkList) => wire.ChunkList): wire.ChunkList {
  let inner = new wire.ChunkList();
  for (let i = 0; i < depth; i++) inner = wrap(inner);
  return inner;
}

/** Tag and length of a message field. */
function header(no: number, byteLength: number): number[] {
  const bytes = [no * 8 + 2];
  let rest = byteLength;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

/** Graphs of one node inside one another. A level is what stands before its inner one, so the bytes of none are copied. */
function nestedSubgraphs(depth: number): wire.ChunkList {
  const named = [
    ...wire.toBytes(wire.encodeString(AttributeProto.no.name, 'body')),
    ...wire.toBytes(wire.encodeInt(AttributeProto.no.type, 5)),
  ];
  const levels: Uint8Array[] = [];
  for (let i = 0, inner = 0; i < depth; i++) {
    const attribute = [...named, ...header(AttributeProto.no.g, inner)];
    const node = [...header(NodeProto.no.attribute, attribute.length + inner), ...attribute];
    const level = Uint8Array.from([...header(GraphProto.no.node, node.length + inner), ...node]);
    levels.push(level);
    inner += level.length;
  }
  return wire.ChunkList.of(Buffer.concat(levels.reverse()));
}

const sequence = (inner: wire.ChunkList) =>
  wire.encodeMessage(TypeProto.no.sequence_type, wire.encodeMessage(1, inner));

const nesting: readonly HostileCase[] = [
  fileCase('100 nested groups', 'ok', () => parts.model(parts.graph(), groups(100))),
  fileCase('101 nested groups', 'ERR_TOO_DEEP', () => parts.model(parts.graph(), groups(101))),
  fileCase('200,000 nested groups', 'ERR_TOO_DEEP', () => parts.model(parts.graph(), groups(200_000))),
  ...[
    [33, 'ok'],
    [34, 'ERR_TOO_DEEP'],
    [2000, 'ERR_TOO_DEEP'],
    [10_000, 'ERR_TOO_DEEP'],
    [40_000, 'ERR_TOO_DEEP'],
  ].map(([depth, expected]) =>
    fileCase(`${depth} nested subgraphs`, String(expected), () => parts.model(nestedSubgraphs(Number(depth)))),
  ),
  fileCase('5000 nested sequence types', 'ERR_TOO_DEEP', () => {
    const info = wire.concatChunks(wire.encodeString(1, 'x'), wire.encodeMessage(2, nested(5000, sequence)));
    return parts.model(parts.graph(wire.encodeMessage(GraphProto.no.input, info)));
  }),
];

const emptyNodes = (count: number) =>
  parts.model(parts.repeat(wire.ChunkList.of(Uint8Array.of(GraphProto.no.node * 8 + 2, 0)), count));

const entry = (key: string) =>
  wire.encodeMessage(ModelProto.no.metadata_props, wire.encodeString(StringStringEntryProto.no.key, key));

const chain = (count: number) =>
  parts.numbered(count, (i) => parts.nodeField(parts.node('Relu', [i === 0 ? 'x' : `v${i - 1}`], [`v${i}`])));

const chainModel = (count: number) => parts.model(parts.graph(parts.input('x', [2]), chain(count)));

const counts: readonly HostileCase[] = [
  deepCase('5,000,000 empty nodes', undefined, 'ERR_FIELD_BUDGET', () => emptyNodes(5_000_000)),
  deepCase('900,000 empty nodes', undefined, 'ERR_FIELD_BUDGET', () => emptyNodes(900_000)),
  deepCase('400,000 empty nodes', undefined, 'ERR_GRAPH_BUDGET', () => emptyNodes(400_000)),
  deepCase('30,000 empty nodes', undefined, 'ok', () => emptyNodes(30_000)),
  deepCase('150,000 nodes in a chain', undefined, 'ERR_GRAPH_BUDGET', () => chainModel(150_000)),
  deepCase('12,000 nodes in a chain', undefined, 'ok', () => chainModel(12_000)),
  deepCase('1,000,000 opset imports', undefined, 'ERR_FIELD_BUDGET', () =>
    parts.model(
      parts.graph(),
      parts.repeat(wire.encodeMessage(ModelProto.no.opset_import, parts.opset(21)), 1_000_000),
    ),
  ),
  deepCase('1,000,000 metadata entries', undefined, 'ERR_FIELD_BUDGET', () =>
    parts.model(parts.graph(), parts.repeat(entry('k'), 1_000_000)),
  ),
  deepCase('45,000 graph inputs', undefined, 'ok', () =>
    parts.model(parts.graph(parts.numbered(45_000, (i) => parts.input(`x${i}`)))),
  ),
  deepCase('45,000 graph outputs', undefined, 'ok', () =>
    parts.model(parts.graph(parts.input('x', [2]), parts.repeat(parts.output('x'), 45_000))),
  ),
  deepCase('45,000 initializers', undefined, 'ok', () =>
    parts.model(parts.graph(parts.numbered(45_000, (i) => parts.initializer(parts.floats(`w${i}`, [1], [i]))))),
  ),
  deepCase('a node of 20,000 inputs', undefined, 'ERR_GRAPH_BUDGET', () =>
    parts.model(
      parts.graph(
        parts.input('x', [2]),
        parts.nodeField(parts.node('Sum', new Array<string>(20_000).fill('x'), ['y'])),
        parts.output('y'),
      ),
    ),
  ),
  deepCase('a node of 5000 attributes', undefined, 'ERR_GRAPH_BUDGET', () =>
    parts.model(
      parts.graph(
        parts.nodeField(
          wire.concatChunks(
            parts.node('Odd', [], ['y'], [], 'unknown'),
            parts.numbered(5_000, (i) => wire.encodeMessage(NodeProto.no.attribute, parts.intAttribute(`a${i}`, i))),
          ),
        ),
        parts.output('y'),
      ),
    ),
  ),
  deepCase('a branch that captures 200,000 names', undefined, 'ok', () => {
    const sums = parts.numbered(20, (i) =>
      parts.nodeField(parts.node('Sum', new Array<string>(10_000).fill('x'), [`y${i}`])),
    );
    const branch = parts.graph(sums, parts.output('y19'));
    const attributes = [parts.graphAttribute('then_branch', branch), parts.graphAttribute('else_branch', branch)];
    return parts.model(
      parts.graph(
        parts.input('c', [], 9),
        parts.input('x', [2]),
        parts.nodeField(parts.node('If', ['c'], ['z'], attributes)),
        parts.output('z'),
      ),
    );
  }),
  deepCase('12,000 nodes that are all wrong', undefined, 'ERR_SHAPE', () =>
    parts.model(
      parts.graph(
        parts.input('x', [2, 3]),
        parts.numbered(12_000, (i) => parts.nodeField(parts.node('MatMul', ['x', 'x'], [`y${i}`]))),
      ),
    ),
  ),
  deepCase('a shape of 100,000 unknown dimensions', undefined, 'ERR_TENSOR_SHAPE', () => {
    const dims = parts.repeat(wire.encodeMessage(1, wire.encodeString(2, 'n')), 100_000);
    const type = wire.encodeMessage(1, wire.concatChunks(wire.encodeInt(1, 1), wire.encodeMessage(2, dims)));
    const info = wire.concatChunks(wire.encodeString(1, 'x'), wire.encodeMessage(2, type));
    const relu = parts.nodeField(parts.node('Relu', ['x'], ['y']));
    return parts.model(parts.graph(wire.encodeMessage(GraphProto.no.input, info), relu, parts.output('y')));
  }),
];

/** A file of `head`, then `holeBytes` zeros that take no space on the disk. */
function sparseFile(name: string, expected: string, head: Uint8Array, holeBytes: number): HostileCase {
  const make = (folder: string) => {
    const path = join(folder, 'model.onnx');
    const file = openSync(path, 'w');
    writeSync(file, head);
    ftruncateSync(file, head.byteLength + holeBytes);
    closeSync(file);
    return path;
  };
  return { name, make, trusted: undefined, untrusted: expected, skipsWriting: true };
}

/** The tags and lengths of messages (or a string, last) around `size` bytes to come, outermost first. */
function headOf(path: readonly number[], size: number): Uint8Array {
  let head = Buffer.alloc(0);
  for (const no of [...path].reverse()) {
    const around = wire.encodeBytes(
      no,
      new wire.ChunkList().pushStream(head.byteLength + size, () => []),
    );
    const [first] = around.chunks;
    if (first?.kind !== 'bytes') throw new Error('a field begins with its tag');
    head = Buffer.concat([first.bytes, head]);
  }
  return head;
}

const MIB = 2 ** 20;

/** A graph with one initializer whose field `last` holds `size` bytes to come, up to these. */
function tensorHead(last: number, size: number): Uint8Array {
  const { no } = TensorProto;
  const fields = wire.toBytes(wire.concatChunks(wire.encodeInt(no.data_type, 1), wire.encodeString(no.name, 'w')));
  const data = headOf([last], size);
  const inner = Buffer.concat([fields, data]);
  return Buffer.concat([headOf([ModelProto.no.graph, GraphProto.no.initializer], inner.byteLength + size), inner]);
}

const sizes: readonly HostileCase[] = [
  sparseFile('a graph name of 200 MB', 'ERR_STRING_LENGTH', headOf([7, 2], 200 * MIB), 200 * MIB),
  sparseFile('a node name of 200 MB', 'ERR_STRING_LENGTH', headOf([7, 1, 3], 200 * MIB), 200 * MIB),
  sparseFile(
    'a metadata value of 200 MB',
    'ERR_STRING_LENGTH',
    Buffer.concat([parts.model(parts.graph()), headOf([14, 2], 200 * MIB)]),
    200 * MIB,
  ),
  sparseFile(
    'a tensor of no dimensions with 8 GB of data',
    'ERR_TENSOR_DATA',
    tensorHead(TensorProto.no.raw_data, 2 ** 33),
    2 ** 33,
  ),
  sparseFile('8 GB of zeros', 'ERR_BAD_TAG', new Uint8Array(0), 2 ** 33),
  sparseFile('200 MB of dims', 'ERR_TENSOR_SHAPE', tensorHead(TensorProto.no.dims, 200 * MIB), 200 * MIB),
];

export const bombCases: HostileFamily = {
  name: 'bombs',
  format: 'onnx',
  isolated: true,
  cases: [...nesting, ...counts, ...sizes],
};
