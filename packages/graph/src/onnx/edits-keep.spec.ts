import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { checkGraph } from '../ir/check.js';
import type { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType } from '../ir/value-type.js';
import { type ModelProto, ModelProtoSchema } from '../testing/generated/onnx/onnx-ml_pb.js';
import { ExternalTensors } from './external-placement.js';
import { parseModel, serializeModel, toBytes, writeModel } from './index.js';

const documented = (of: string) => ({
  docString: `about ${of}`,
  metadataProps: [{ key: 'of', value: of }],
});

const float = (dims: readonly number[], denotation = '') => ({
  value: {
    case: 'tensorType' as const,
    value: {
      elemType: 1,
      shape: { dim: dims.map((dim) => ({ value: { case: 'dimValue' as const, value: BigInt(dim) } })) },
    },
  },
  denotation,
});

const floats = (name: string, dims: readonly number[], length: number) => ({
  name,
  dims: dims.map(BigInt),
  dataType: 1,
  floatData: Array.from({ length }, (_, i) => i / 2),
  ...documented(name),
});

/** A model with documentation wherever a file may have it. */
const CONTENT: MessageInitShape<typeof ModelProtoSchema> = {
  irVersion: 10n,
  producerName: 'spec',
  modelVersion: 7n,
  domain: 'org.example',
  docString: 'about the model',
  opsetImport: [{ domain: '', version: 18n }],
  metadataProps: [{ key: 'author', value: 'spec' }],
  graph: {
    name: 'net',
    ...documented('net'),
    input: [{ name: 'x', type: float([4, 300], 'TENSOR'), ...documented('x') }],
    output: [{ name: 'y', type: float([4, 2]), ...documented('y') }],
    valueInfo: [{ name: 'h', type: float([4, 2]), ...documented('h') }],
    initializer: [floats('w', [300, 2], 600), floats('b', [2], 2)],
    sparseInitializer: [
      {
        values: { name: 's', dims: [1n], dataType: 1, floatData: [3], ...documented('s') },
        indices: { name: 'places', dims: [1n], dataType: 7, int64Data: [1n], ...documented('places') },
        dims: [2n],
      },
    ],
    node: [
      { name: 'product', opType: 'MatMul', input: ['x', 'w'], output: ['h'], ...documented('product') },
      {
        name: 'table',
        opType: 'Constant',
        output: ['c'],
        attribute: [{ name: 'value', type: 4, t: floats('inner', [300], 300), docString: 'about the table' }],
      },
      { name: 'sum', opType: 'Add', input: ['h', 'b'], output: ['y'], ...documented('sum') },
    ],
    quantizationAnnotation: [
      { tensorName: 'h', quantParameterTensorNames: [{ key: 'SCALE_TENSOR', value: 'b' }] },
      { tensorName: 'x', quantParameterTensorNames: [] },
    ],
  },
};

const proto = (): ModelProto => create(ModelProtoSchema, structuredClone(CONTENT));

/** What is in the file after `edit`, by the oracle's reading. */
function written(edit: (model: Model) => void, write = serializeModel): ModelProto {
  const bytes = toBinary(ModelProtoSchema, proto());
  const model = parseModel(bytes).clone();
  edit(model);
  checkGraph(model.graph);
  const result = write(model);
  // The model that was cloned is still what it was.
  expect(Buffer.from(serializeModel(parseModel(bytes))).equals(bytes)).toBe(true);
  return fromBinary(ModelProtoSchema, result);
}

const expected = (change: (model: ModelProto) => void): ModelProto => {
  const model = proto();
  change(model);
  return fromBinary(ModelProtoSchema, toBinary(ModelProtoSchema, model));
};

test('a declared type that is edited changes the type, and nothing else of its entry', () => {
  const found = written(({ graph }) => {
    for (const [name, dims] of [
      ['x', [5, 300]],
      ['h', [5, 2]],
      ['y', [5, 2]],
    ] as const) {
      graph.setType(graph.value(name)!, tensorType('float32', dims));
    }
  });
  const wanted = expected(({ graph }) => {
    const typed = (dims: readonly number[], denotation: string) =>
      create(ModelProtoSchema, { graph: { input: [{ type: float(dims, denotation) }] } });
    for (const [info, dims] of [
      [graph!.input[0]!, [5, 300]],
      [graph!.valueInfo[0]!, [5, 2]],
      [graph!.output[0]!, [5, 2]],
    ] as const) {
      info.type = typed(dims, info.type!.denotation).graph!.input[0]!.type!;
    }
  });
  expect(found).toEqual(wanted);
});

test('setting a type back, or to what it was, leaves every byte', () => {
  const bytes = toBinary(ModelProtoSchema, proto());
  const { graph, ...model } = parseModel(bytes);
  const value = graph.value('x')!;
  const before = value.type;
  graph.setType(value, tensorType('float32', [1]));
  graph.setType(value, before);
  expect(Buffer.from(serializeModel({ ...model, graph } as Model)).equals(bytes)).toBe(true);
});

test('a renamed value keeps its entry, and what refers to it by name follows', () => {
  const names = new Map([
    ['x', 'input'],
    ['h', 'hidden'],
    ['y', 'output'],
    ['w', 'weight'],
    ['b', 'bias'],
    ['s', 'sparse'],
  ]);
  const found = written(({ graph }) => names.forEach((to, from) => graph.rename(graph.value(from)!, to)));
  const wanted = expected(({ graph }) => {
    const renamed = (name: string) => names.get(name) ?? name;
    for (const item of [...graph!.input, ...graph!.output, ...graph!.valueInfo, ...graph!.initializer]) {
      item.name = renamed(item.name);
    }
    graph!.sparseInitializer[0]!.values!.name = 'sparse';
    for (const node of graph!.node)
      Object.assign(node, { input: node.input.map(renamed), output: node.output.map(renamed) });
    graph!.quantizationAnnotation[0]!.tensorName = 'hidden';
    graph!.quantizationAnnotation[0]!.quantParameterTensorNames[0]!.value = 'bias';
    graph!.quantizationAnnotation[1]!.tensorName = 'input';
  });
  expect(found).toEqual(wanted);
});

test('new data for a weight keep its documentation and its place', () => {
  const found = written(({ graph }) => {
    graph.setInitializer(graph.value('w')!, Tensor.fromNumbers('float32', [300, 2], new Float64Array(600).fill(2)));
  });
  const wanted = expected(({ graph }) => {
    Object.assign(graph!.initializer[0]!, {
      floatData: [],
      rawData: new Uint8Array(new Float32Array(600).fill(2).buffer),
    });
  });
  expect(found).toEqual(wanted);
});

test('tensors that move beside the model, attributes included, keep their documentation', () => {
  const beside = (model: Model) => {
    const tensors = new ExternalTensors();
    writeModel(model, tensors);
    const placed = tensors
      .bytes()
      .map(({ byteLength }, i) => ({ location: 'w.data', offset: i * 4096, length: byteLength }));
    return toBytes(writeModel(model, tensors.settle(placed)));
  };
  const found = written(() => undefined, beside);
  const external = (offset: number, length: number) => ({
    floatData: [],
    dataLocation: 1,
    externalData: [
      ['location', 'w.data'],
      ['offset', `${offset}`],
      ['length', `${length}`],
    ].map(([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto' as const, key: key!, value: value! })),
  });
  const wanted = expected(({ graph }) => {
    const offsets = found.graph!.node[1]!.attribute[0]!.t!.externalData.find(({ key }) => key === 'offset')!.value;
    const inner = Number(offsets);
    Object.assign(graph!.initializer[0]!, external(4096 - inner, 2400));
    Object.assign(graph!.node[1]!.attribute[0]!.t!, external(inner, 1200));
  });
  expect(found).toEqual(wanted);
});
