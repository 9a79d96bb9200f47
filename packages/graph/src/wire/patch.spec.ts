import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
} from '../testing/generated/onnx/onnx-ml_pb.js';
import * as wire from './index.js';

const { AttributeProto, GraphProto, ModelProto, NodeProto } = wire.onnxSchema;

function open(bytes: Uint8Array, schema: wire.MessageSchema): wire.WireMessage {
  return wire.openWire(new wire.MemorySource(bytes), schema);
}

/** Fields 1 to 3 of a node, one byte each: inputs a, b, c, then output d, then an unknown field, then input e. */
const node = wire.toBytes(
  wire.concatChunks(
    wire.encodeStrings(1, ['a', 'b', 'c']),
    wire.encodeString(2, 'd'),
    wire.encodeInt(99, 7),
    wire.encodeString(1, 'e'),
  ),
);

function patched(edits: readonly wire.FieldEdit[]): wire.WireMessage {
  return open(wire.toBytes(wire.patchMessage(open(node, NodeProto), edits)), NodeProto);
}

/** Inputs, then the field numbers in wire order. */
function shape(message: wire.WireMessage): [string[], number[]] {
  return [message.strings(1), message.fields().map(({ no }) => no)];
}

describe('patchMessage', () => {
  it('copies everything when there is no edit', () => {
    expect(wire.toBytes(wire.patchMessage(open(node, NodeProto), []))).toEqual(node);
  });

  it('replaces one occurrence in place', () => {
    const value = wire.encodeString(1, 'longer');
    expect(shape(patched([{ no: 1, occurrence: 1, value }]))).toEqual([
      ['a', 'longer', 'c', 'e'],
      [1, 1, 1, 2, 99, 1],
    ]);
  });

  it('replaces all occurrences where the first was', () => {
    const value = wire.encodeStrings(1, ['x', 'y']);
    expect(shape(patched([{ no: 1, value }]))).toEqual([
      ['x', 'y'],
      [1, 1, 2, 99],
    ]);
  });

  it('removes one or all occurrences', () => {
    expect(shape(patched([{ no: 1, occurrence: 0, value: undefined }]))).toEqual([
      ['b', 'c', 'e'],
      [1, 1, 2, 99, 1],
    ]);
    expect(shape(patched([{ no: 1, occurrence: 'all', value: undefined }]))).toEqual([[], [2, 99]]);
  });

  it('sets a field that was not there', () => {
    const message = patched([{ no: 3, value: wire.encodeString(3, 'name') }]);
    expect(message.string(3)).toBe('name');
    expect(message.fields().at(-1)!.no).toBe(3);
  });

  it('appends after the last field of its number, of another, or at the end', () => {
    const value = wire.encodeString(1, 'z');
    expect(shape(patched([{ append: true, no: 1, value }]))).toEqual([
      ['a', 'b', 'c', 'e', 'z'],
      [1, 1, 1, 2, 99, 1, 1],
    ]);
    expect(shape(patched([{ append: true, no: 1, after: 2, value }]))[0]).toEqual(['a', 'b', 'c', 'z', 'e']);
    const twice: wire.FieldEdit[] = [
      { append: true, no: 4, value: wire.encodeString(4, 'Op') },
      { append: true, no: 5, value: wire.encodeMessage(5, new wire.ChunkList()) },
    ];
    expect(shape(patched(twice))[1]).toEqual([1, 1, 1, 2, 99, 1, 4, 5]);
  });

  it('appends also after a field that is removed', () => {
    const value = wire.encodeString(1, 'z');
    expect(
      shape(
        patched([
          { no: 1, occurrence: 3, value: undefined },
          { append: true, no: 1, value },
        ]),
      )[0],
    ).toEqual(['a', 'b', 'c', 'z']);
  });

  it('refuses edits that contradict each other or the message', () => {
    const value = wire.encodeString(1, 'z');
    expect(() =>
      patched([
        { no: 1, value },
        { no: 1, occurrence: 0, value },
      ]),
    ).toThrow('two edits');
    expect(() =>
      patched([
        { no: 1, occurrence: 0, value },
        { no: 1, occurrence: 0, value },
      ]),
    ).toThrow('two edits');
    expect(() => patched([{ no: 1, occurrence: 4, value }])).toThrow('no occurrence 4');
    expect(() => patched([{ no: 99, occurrence: 0, body: value }])).toThrow('not length-delimited');
  });

  it('changes only the edited attribute and the lengths around it', () => {
    const attribute = (name: string, i: bigint) => create(AttributeProtoSchema, { name, i, type: 2 });
    const nodes = ['first', 'second', 'third'].map((name) =>
      create(NodeProtoSchema, {
        name,
        opType: 'Op',
        input: ['x'],
        attribute: [attribute('axis', 1n), attribute('keepdims', 0n)],
      }),
    );
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      graph: create(GraphProtoSchema, { node: nodes }),
      producerName: 'p'.repeat(200),
    });
    const before = toBinary(ModelProtoSchema, model);

    // A value of 3 bytes instead of 1: every enclosing length grows by 2, none of them changes its own size.
    const root = open(before, ModelProto);
    const graph = root.message(ModelProto.no.graph)!;
    const second = graph.messages(GraphProto.no.node)[1]!;
    const axis = second.messages(NodeProto.no.attribute)[0]!;
    const edited = wire.patchMessage(axis, [
      { no: AttributeProto.no.i, value: wire.encodeInt(AttributeProto.no.i, 70_000) },
    ]);
    const inNode = wire.patchMessage(second, [{ no: NodeProto.no.attribute, occurrence: 0, body: edited }]);
    const inGraph = wire.patchMessage(graph, [{ no: GraphProto.no.node, occurrence: 1, body: inNode }]);
    const after = wire.toBytes(wire.patchMessage(root, [{ no: ModelProto.no.graph, occurrence: 0, body: inGraph }]));

    expect(after.byteLength).toBe(before.byteLength + 2);
    // The graph's length takes two bytes, low one first; the others take one.
    const changedLengths = [graph.start - 2, second.start - 1, axis.start - 1];
    const value = axis.fields().find(({ no }) => no === AttributeProto.no.i)!;
    for (let at = 0; at < before.byteLength; at++) {
      if (at >= value.valueStart && at < value.valueEnd) continue;
      const moved = at < value.valueStart ? at : at + 2;
      const expected = before[at]! + (changedLengths.includes(at) ? 2 : 0);
      if (after[moved] !== expected) throw new Error(`byte ${at}: expected ${expected}, received ${after[moved]}`);
    }
    nodes[1]!.attribute[0]!.i = 70_000n;
    expect(fromBinary(ModelProtoSchema, after)).toEqual(
      fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, model)),
    );
  });

  it('keeps every field that no edit names, whatever the message', () => {
    const field = fc.oneof(
      fc
        .tuple(fc.integer({ min: 30, max: 5000 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
        .map(([no, v]) => wire.encodeInt(no, v)),
      fc.tuple(fc.integer({ min: 1, max: 4 }), fc.string()).map(([no, v]) => wire.encodeString(no, v)),
      fc
        .tuple(fc.integer({ min: 30, max: 90 }), fc.uint8Array({ maxLength: 300 }))
        .map(([no, v]) => wire.encodeBytes(no, v)),
      fc.tuple(fc.integer({ min: 30, max: 90 }), fc.double()).map(([no, v]) => wire.encodeDouble(no, v)),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 30 }), fc.string(), (fields, name) => {
        const message = open(wire.toBytes(wire.concatChunks(...fields)), NodeProto);
        const result = open(
          wire.toBytes(wire.patchMessage(message, [{ no: 3, value: wire.encodeString(3, name) }])),
          NodeProto,
        );
        const others = (of: wire.WireMessage) =>
          of
            .fields()
            .filter(({ no }) => no !== 3)
            .map(({ tagStart, valueEnd }) => Buffer.from(of.source.read(tagStart, valueEnd)).toString('hex'));
        expect(others(result)).toEqual(others(message));
        expect(result.strings(3)).toEqual([name]);
      }),
    );
  });
});
