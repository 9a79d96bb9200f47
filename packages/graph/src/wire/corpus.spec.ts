import { fromBinary } from '@bufbuild/protobuf';
import { expectSameMessage } from '../testing/expect-same-message.js';
import {
  file_onnx_onnx_data,
  MapProtoSchema,
  OptionalProtoSchema,
  SequenceProtoSchema,
} from '../testing/generated/onnx/onnx-data_pb.js';
import { file_onnx_onnx_ml, ModelProtoSchema, TensorProtoSchema } from '../testing/generated/onnx/onnx-ml_pb.js';
import { nodeTestCases } from '../testing/node-tests.js';
import { copyMessage, encodeString, MemorySource, onnxSchema, openWire, patchMessage, toBytes } from './index.js';

describe('the standard node tests through the wire layer', () => {
  const cases = nodeTestCases();

  it('copies every model byte for byte', () => {
    for (const { name, model } of cases) {
      const copy = toBytes(copyMessage(openWire(new MemorySource(model), onnxSchema.ModelProto)));
      if (Buffer.compare(copy, model) !== 0) throw new Error(`${name} differs`);
    }
  });

  it('rebuilds every model byte for byte from patched levels that each lose an edit again', () => {
    const { no } = onnxSchema.ModelProto;
    for (const { name, model } of cases) {
      const root = openWire(new MemorySource(model), onnxSchema.ModelProto);
      const graph = root.message(no.graph)!;
      const nodes = graph.messages(onnxSchema.GraphProto.no.node);
      const edits = nodes.map((node, occurrence) => ({
        no: 1,
        occurrence,
        body: patchMessage(node, [{ no: 99, value: undefined }]),
      }));
      const rebuilt = toBytes(patchMessage(root, [{ no: no.graph, occurrence: 0, body: patchMessage(graph, edits) }]));
      if (Buffer.compare(rebuilt, model) !== 0) throw new Error(`${name} differs`);
    }
  });

  it('decodes every model as protobuf-es does', () => {
    let fields = 0;
    for (const { name, model } of cases) {
      const wire = openWire(new MemorySource(model), onnxSchema.ModelProto);
      fields += expectSameMessage(wire, fromBinary(ModelProtoSchema, model), ModelProtoSchema, name);
    }
    expect(fields).toBeGreaterThan(50_000);
  });

  it('decodes every tensor of the data sets as protobuf-es does', () => {
    for (const { name, model, dataSets } of cases) {
      if (/sequence|optional|loop|if_/.test(name)) continue;
      const graph = openWire(new MemorySource(model), onnxSchema.ModelProto).message(onnxSchema.ModelProto.no.graph)!;
      expect(graph.count(onnxSchema.GraphProto.no.output)).toBeGreaterThan(0);
      for (const bytes of dataSets.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])) {
        const wire = openWire(new MemorySource(bytes), onnxSchema.TensorProto);
        expectSameMessage(wire, fromBinary(TensorProtoSchema, bytes), TensorProtoSchema, name);
      }
    }
  });

  it('renames a graph and nothing else', () => {
    for (const { model } of cases.slice(0, 50)) {
      const root = openWire(new MemorySource(model), onnxSchema.ModelProto);
      const graph = root.message(onnxSchema.ModelProto.no.graph)!;
      const name = encodeString(onnxSchema.GraphProto.no.name, 'renamed');
      const body = patchMessage(graph, [{ no: onnxSchema.GraphProto.no.name, value: name }]);
      const bytes = toBytes(patchMessage(root, [{ no: onnxSchema.ModelProto.no.graph, occurrence: 0, body }]));
      const expected = fromBinary(ModelProtoSchema, model);
      expected.graph!.name = 'renamed';
      expectSameMessage(openWire(new MemorySource(bytes), onnxSchema.ModelProto), expected, ModelProtoSchema);
    }
  });
});

describe('the schema table', () => {
  const oracle = [...file_onnx_onnx_ml.messages, ...file_onnx_onnx_data.messages].flatMap((message) => [
    message,
    ...message.nestedMessages,
  ]);

  it('has every message and field of the .proto files', () => {
    const names = oracle.map((message) => message.typeName.replace('onnx.', ''));
    expect([...onnxSchema.ONNX_MESSAGES.keys()].sort()).toEqual(names.sort());
    for (const message of oracle) {
      const schema = onnxSchema.ONNX_MESSAGES.get(message.typeName.replace('onnx.', ''))!;
      const described = message.fields.map((field) => ({
        no: field.number,
        name: field.name,
        repeated: field.fieldKind === 'list',
        packed: field.fieldKind === 'list' && field.packed,
        child: 'message' in field ? field.message?.typeName.replace('onnx.', '') : undefined,
      }));
      const ours = [...schema.fields.values()].map(({ no, name, repeated, packed, child }) => ({
        no,
        name,
        repeated,
        packed,
        child: child?.name,
      }));
      expect(ours).toEqual(described.sort((a, b) => a.no - b.no));
    }
    expect(
      [SequenceProtoSchema, MapProtoSchema, OptionalProtoSchema].every((message) => oracle.includes(message)),
    ).toBe(true);
  });
});
