import { fromBinary } from '@bufbuild/protobuf';
import { isGossamerError } from '../errors.js';
import { errorCode } from '../testing/error-code.js';
import { expectSameMessage } from '../testing/expect-same-message.js';
import { ModelProtoSchema } from '../testing/generated/onnx/onnx-ml_pb.js';
import { nodeTestCases } from '../testing/node-tests.js';
import * as wire from './index.js';

const { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto } =
  wire.onnxSchema;

function open(
  bytes: Uint8Array | readonly number[],
  schema: wire.MessageSchema = ModelProto,
  limits = {},
): wire.WireMessage {
  return wire.openWire(
    new wire.MemorySource(bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes)),
    schema,
    limits,
  );
}

function openList(list: wire.ChunkList, schema: wire.MessageSchema): wire.WireMessage {
  return wire.openWire(new wire.MemorySource(wire.toBytes(list)), schema);
}

/** Parses everything below `message` and decodes every value. */
function decodeAll(message: wire.WireMessage): void {
  message.fields();
  for (const field of message.schema.fields.values()) {
    if (field.kind === 'message') message.messages(field.no).forEach(decodeAll);
    else if (field.kind === 'string') message.strings(field.no);
    else if (field.kind === 'bytes') message.bytesList(field.no);
    else if (field.kind === 'float') message.floats(field.no);
    else if (field.kind === 'double') message.numbers(field.no).toFloat64();
    else message.ints(field.no);
  }
}

function outcome(bytes: Uint8Array): 'parsed' | 'refused' {
  try {
    decodeAll(wire.openWire(new wire.MemorySource(bytes), ModelProto));
    return 'parsed';
  } catch (error) {
    if (isGossamerError(error)) return 'refused';
    throw error;
  }
}

/** Chains a group or message inside itself. */
function nested(depth: number, wrap: (inner: wire.ChunkList) => wire.ChunkList): wire.ChunkList {
  let list = new wire.ChunkList();
  for (let i = 0; i < depth; i++) list = wrap(list);
  return list;
}

describe('damaged models', () => {
  const small = nodeTestCases()
    .map(({ model }) => model)
    .filter((model) => model.byteLength < 400);

  it('parses or refuses every prefix of small models', () => {
    let parsed = 0;
    for (const model of small.slice(0, 40)) {
      for (let end = 0; end < model.byteLength; end++) if (outcome(model.subarray(0, end)) === 'parsed') parsed++;
    }
    // A cut on a field border reads as a shorter message.
    expect(parsed).toBeGreaterThan(40);
  });

  it('parses or refuses every single-byte change of a small model', () => {
    const model = small.find((bytes) => bytes.byteLength > 100)!;
    const counts = { parsed: 0, refused: 0 };
    for (let at = 0; at < model.byteLength; at++) {
      const changed = Uint8Array.from(model);
      for (let flip = 1; flip < 256; flip++) {
        changed[at] = model[at]! ^ flip;
        counts[outcome(changed)]++;
      }
    }
    expect(counts.parsed).toBeGreaterThan(0);
    expect(counts.refused).toBeGreaterThan(0);
  });

  it('decodes a changed model as protobuf-es does whenever both accept it', () => {
    const model = small.find((bytes) => bytes.byteLength > 100)!;
    let compared = 0;
    for (let at = 0; at < model.byteLength; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const changed = Uint8Array.from(model);
        changed[at] = model[at]! ^ flip;
        if (outcome(changed) === 'refused') continue;
        expectSameMessage(
          open(changed),
          fromBinary(ModelProtoSchema, changed),
          ModelProtoSchema,
          `byte ${at} ^ ${flip}`,
        );
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});

describe('hostile encodings', () => {
  const length = (...bytes: number[]) => [0x3a, ...bytes, 0];

  it.each<[string, readonly number[], string | undefined]>([
    ['an empty file', [], undefined],
    ['one byte', [0x08], 'ERR_TRUNCATED'],
    ['a length of 2^31 - 1', length(0xff, 0xff, 0xff, 0xff, 0x07), 'ERR_TRUNCATED'],
    ['a length of 2^32 - 1', length(0xff, 0xff, 0xff, 0xff, 0x0f), 'ERR_TRUNCATED'],
    ['a length of 2^63', length(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), 'ERR_TRUNCATED'],
    ['a length of 2^64 - 1', length(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 'ERR_TRUNCATED'],
    ['a length of 2^64', length(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02), 'ERR_BAD_VARINT'],
    ['a varint of 11 bytes', [0x08, ...new Array<number>(10).fill(0x80), 0], 'ERR_BAD_VARINT'],
    ['a varint of 1000 bytes', [0x08, ...new Array<number>(1000).fill(0x80)], 'ERR_BAD_VARINT'],
    ['a tag of 0', [0x00, 0x00], 'ERR_BAD_TAG'],
    ['a field number of 0', [0x02, 0x00], 'ERR_BAD_TAG'],
    ['a field number of 2^29 - 1', [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x00], undefined],
    ['a field number of 2^29', [0x80, 0x80, 0x80, 0x80, 0x10, 0x00], 'ERR_BAD_TAG'],
    ['a tag of 6 bytes', [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00], 'ERR_BAD_TAG'],
    ['wire type 6', [0x0e, 0x00], 'ERR_BAD_TAG'],
    ['wire type 7', [0x0f, 0x00], 'ERR_BAD_TAG'],
    ['an end of a group without its start', [0xcc, 0x0c], 'ERR_BAD_GROUP'],
    ['a group ended by another', [0xcb, 0x0c, 0xd4, 0x0c], 'ERR_BAD_GROUP'],
    ['a group without an end', [0xcb, 0x0c, 0x08, 0x01], 'ERR_TRUNCATED'],
    ['a fixed32 cut short', [0xcd, 0x0c, 0, 0, 0], 'ERR_TRUNCATED'],
    ['a fixed64 cut short', [0xc9, 0x0c, 0, 0, 0, 0, 0, 0, 0], 'ERR_TRUNCATED'],
    ['the graph as a varint', [0x38, 0x01], 'ERR_WIRE_TYPE'],
    ['the producer name as a fixed32', [0x15, 0, 0, 0, 0], 'ERR_WIRE_TYPE'],
    ['the IR version as bytes', [0x0a, 0x01, 0x05], 'ERR_WIRE_TYPE'],
    ['the graph as a group', [0x3b, 0x3c], 'ERR_WIRE_TYPE'],
  ])('%s', (_, bytes, expected) => {
    expect(errorCode(() => decodeAll(open(bytes)))).toBe(expected);
  });

  it('keeps a length inside its parent', () => {
    // The graph of 4 bytes holds a name of 100 bytes; the file goes on after it.
    const bytes = [0x3a, 0x04, 0x12, 0x64, 0x61, 0x62, ...new Array<number>(200).fill(0x08)];
    expect(errorCode(() => open(bytes.slice(0, 6)).message(7)!.fields())).toBe('ERR_TRUNCATED');
    const graph = open([...bytes.slice(0, 6), 0x08, 0x01]).message(7)!;
    expect(errorCode(() => graph.fields())).toBe('ERR_TRUNCATED');
  });

  it('reads non-minimal varints and writes them back as they were', () => {
    const bytes = Uint8Array.of(0x88, 0x80, 0x00, 0x85, 0x80, 0x80, 0x00, 0x92, 0x00, 0x81, 0x00, 0x61);
    const message = open(bytes);
    expect(message.safeInt(1)).toBe(5);
    expect(message.string(2)).toBe('a');
    const patched = wire.toBytes(
      wire.patchMessage(message, [{ no: 2, occurrence: 0, body: wire.ChunkList.of(Uint8Array.of(0x62, 0x63)) }]),
    );
    expect([...patched]).toEqual([0x88, 0x80, 0x00, 0x85, 0x80, 0x80, 0x00, 0x92, 0x00, 0x02, 0x62, 0x63]);
  });

  it('refuses packed runs that end within an element', () => {
    expect(errorCode(() => open([0x22, 0x03, 0, 0, 0], TensorProto).floats(4))).toBe('ERR_TENSOR_DATA');
    expect(errorCode(() => open([0x52, 0x04, 0, 0, 0, 0], TensorProto).numbers(10).toFloat64())).toBe(
      'ERR_TENSOR_DATA',
    );
    expect(errorCode(() => open([0x3a, 0x02, 0x01, 0x80], TensorProto).ints(7))).toBe('ERR_BAD_VARINT');
    const long = [0x3a, 0x0b, ...new Array<number>(10).fill(0x80), 0x00];
    expect(errorCode(() => open(long, TensorProto).ints(7))).toBe('ERR_BAD_VARINT');
    expect(errorCode(() => open(long, TensorProto).numbers(7).toInt64())).toBe('ERR_BAD_VARINT');
  });

  it('bounds nesting of groups and messages', () => {
    const group = (depth: number) =>
      [...new Array<number[]>(depth).fill([0xcb, 0x0c]), ...new Array<number[]>(depth).fill([0xcc, 0x0c])].flat();
    expect(errorCode(() => open(group(100)).fields())).toBeUndefined();
    expect(errorCode(() => open(group(101)).fields())).toBe('ERR_TOO_DEEP');
    expect(errorCode(() => open(group(200_000)).fields())).toBe('ERR_TOO_DEEP');

    // Model > graph > node > attribute > graph ...: three levels a subgraph.
    const subgraph = (inner: wire.ChunkList) =>
      wire.encodeMessage(1, wire.encodeMessage(5, wire.encodeMessage(6, inner)));
    const model = (depth: number) => openList(wire.encodeMessage(7, nested(depth, subgraph)), ModelProto);
    expect(errorCode(() => decodeAll(model(33)))).toBeUndefined();
    for (const depth of [34, 2000, 40_000]) expect(errorCode(() => decodeAll(model(depth)))).toBe('ERR_TOO_DEEP');
  });

  it('counts fields and messages of the whole file against one budget', () => {
    const graph = new Uint8Array(10_000_000);
    for (let i = 0; i < graph.length; i += 2) graph[i] = 0x0a;
    const before = process.memoryUsage.rss();
    expect(errorCode(() => open(graph, GraphProto).fields())).toBe('ERR_FIELD_BUDGET');
    expect(errorCode(() => wire.validateMessages(open(graph.subarray(0, 3_000_000), GraphProto)))).toBe(
      'ERR_FIELD_BUDGET',
    );
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 2 ** 20);
    expect(wire.validateMessages(open(graph.subarray(0, 600_000), GraphProto))).toBe(300_001);
    expect(errorCode(() => open(graph.subarray(0, 200), GraphProto, { maxFields: 201 }).messages(1))).toBeUndefined();
    expect(errorCode(() => open(graph.subarray(0, 200), GraphProto, { maxFields: 200 }).messages(1))).toBe(
      'ERR_FIELD_BUDGET',
    );

    const opsets = wire.toBytes(
      wire.concatChunks(...new Array<wire.ChunkList>(100).fill(wire.encodeMessage(8, wire.encodeInt(2, 21)))),
    );
    expect(errorCode(() => decodeAll(open(opsets, ModelProto, { maxFields: 301 })))).toBeUndefined();
    expect(errorCode(() => decodeAll(open(opsets, ModelProto, { maxFields: 300 })))).toBe('ERR_FIELD_BUDGET');
  });

  it('bounds strings and lists before it allocates them', () => {
    const name = openList(wire.encodeBytes(NodeProto.no.name, new Uint8Array(65 * 2 ** 20)), NodeProto);
    expect(errorCode(() => name.string(NodeProto.no.name))).toBe('ERR_STRING_LENGTH');
    expect(wire.copyMessage(name).byteLength).toBe(name.byteLength);
    const dims = openList(wire.encodeBytes(TensorProto.no.dims, new Uint8Array(5_000_000)), TensorProto);
    expect(errorCode(() => dims.safeInts(TensorProto.no.dims))).toBe('ERR_LIST_LENGTH');
    expect(errorCode(() => dims.ints(TensorProto.no.dims))).toBe('ERR_LIST_LENGTH');
    expect(dims.numbers(TensorProto.no.dims).toInt64()).toHaveLength(5_000_000);
  });
});

describe('a tensor that gives its data twice', () => {
  const { no } = TensorProto;
  const raw = wire.encodeBytes(no.raw_data, new Uint8Array(4));
  const floats = wire.encodePackedFloats(no.float_data, Float32Array.of(1));
  const external = wire.encodePlacement({ location: 'x', offset: 0, length: 4 });
  const ints = wire.encodePackedInts(no.int32_data, [1]);
  const strings = wire.encodeBytes(no.string_data, new Uint8Array(0));

  it.each([
    ['raw and floats', [raw, floats]],
    ['raw and external', [raw, external]],
    ['floats and external', [floats, external]],
    ['floats and ints', [floats, ints]],
    ['raw and strings', [raw, strings]],
  ])('is refused: %s', (_, parts) => {
    expect(errorCode(() => openList(wire.concatChunks(...parts), TensorProto).fields())).toBe('ERR_TENSOR_DATA');
  });

  it('is refused wherever it stands', () => {
    const tensor = wire.concatChunks(raw, floats);
    const attribute = wire.encodeMessage(AttributeProto.no.t, tensor);
    const node = wire.encodeMessage(NodeProto.no.attribute, attribute);
    const sparse = wire.encodeMessage(SparseTensorProto.no.values, tensor);
    const graphs = [
      wire.encodeMessage(GraphProto.no.initializer, tensor),
      wire.encodeMessage(GraphProto.no.node, node),
      wire.encodeMessage(GraphProto.no.sparse_initializer, sparse),
    ];
    const models = graphs.flatMap((graph) => [
      wire.encodeMessage(ModelProto.no.graph, graph),
      wire.encodeMessage(ModelProto.no.training_info, wire.encodeMessage(2, graph)),
    ]);
    const functions = [
      wire.encodeMessage(FunctionProto.no.node, node),
      wire.encodeMessage(FunctionProto.no.attribute_proto, attribute),
    ];
    models.push(...functions.map((body) => wire.encodeMessage(ModelProto.no.functions, body)));
    expect(models).toHaveLength(8);
    for (const model of models) {
      expect(errorCode(() => wire.validateMessages(openList(model, ModelProto)))).toBe('ERR_TENSOR_DATA');
    }
  });

  it('may carry an empty second form', () => {
    const emptyFloats = wire.encodeBytes(no.float_data, new Uint8Array(0));
    const emptyRaw = wire.encodeBytes(no.raw_data, new Uint8Array(0));
    expect(errorCode(() => openList(wire.concatChunks(raw, emptyFloats), TensorProto).fields())).toBeUndefined();
    expect(errorCode(() => openList(wire.concatChunks(emptyRaw, external), TensorProto).fields())).toBeUndefined();
    expect(errorCode(() => openList(wire.concatChunks(emptyRaw, floats), TensorProto).fields())).toBe(
      'ERR_TENSOR_DATA',
    );
  });
});
