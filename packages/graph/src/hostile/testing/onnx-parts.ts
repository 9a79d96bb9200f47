import * as wire from '../../wire/index.js';

const schema = wire.onnxSchema;
const { concatChunks, encodeInt, encodeMessage, encodeString, encodeStrings } = wire;

export type Body = wire.ChunkList;

/** Many copies of one body after one another, without a rope of as many pieces. */
export function repeat(body: Body, count: number): Body {
  const piece = wire.toBytes(body);
  const bytes = new Uint8Array(piece.byteLength * count);
  for (let i = 0; i < count; i++) bytes.set(piece, i * piece.byteLength);
  return wire.ChunkList.of(bytes);
}

/** `count` bodies that differ by their number. */
export function numbered(count: number, body: (index: number) => Body): Body {
  return wire.ChunkList.of(Buffer.concat(Array.from({ length: count }, (_, index) => wire.toBytes(body(index)))));
}

export interface TensorParts {
  readonly dims?: readonly (number | bigint)[];
  /** ONNX code; default 1 (float32). */
  readonly type?: number;
  readonly name?: string;
  /** Fields that hold data, and any others. */
  readonly data?: Body;
}

export function tensor({ dims = [1], type = 1, name = 'w', data = new wire.ChunkList() }: TensorParts): Body {
  const { no } = schema.TensorProto;
  const head = concatChunks(wire.encodeInts(no.dims, dims), encodeInt(no.data_type, type));
  return concatChunks(head, name === '' ? new wire.ChunkList() : encodeString(no.name, name), data);
}

export const raw = (...bytes: number[]): Body =>
  wire.encodeBytes(schema.TensorProto.no.raw_data, Uint8Array.from(bytes));

/** A float32 tensor with these elements as raw data. */
export function floats(name: string, dims: readonly number[], values: readonly number[]): Body {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return tensor({ name, dims, data: wire.encodeBytes(schema.TensorProto.no.raw_data, bytes) });
}

/** An int64 tensor of rank 1. */
export function longs(name: string, values: readonly (number | bigint)[]): Body {
  const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  const data = wire.encodeBytes(schema.TensorProto.no.raw_data, bytes);
  return tensor({ name, dims: [values.length], type: 7, data });
}

export const initializer = (body: Body): Body => encodeMessage(schema.GraphProto.no.initializer, body);

/** A field of GraphProto that holds a node. */
export const nodeField = (body: Body): Body => encodeMessage(schema.GraphProto.no.node, body);

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Body[] = [],
  domain = '',
): Body {
  const { no } = schema.NodeProto;
  return concatChunks(
    encodeStrings(no.input, inputs),
    encodeStrings(no.output, outputs),
    encodeString(no.op_type, op),
    ...attributes.map((attribute) => encodeMessage(no.attribute, attribute)),
    domain === '' ? new wire.ChunkList() : encodeString(no.domain, domain),
  );
}

const attribute = (name: string, type: number, value: Body): Body => {
  const { no } = schema.AttributeProto;
  return concatChunks(encodeString(no.name, name), value, encodeInt(no.type, type));
};

export const intAttribute = (name: string, value: number | bigint): Body =>
  attribute(name, 2, encodeInt(schema.AttributeProto.no.i, value));
export const intsAttribute = (name: string, values: readonly (number | bigint)[]): Body =>
  attribute(name, 7, wire.encodeInts(schema.AttributeProto.no.ints, values));
export const tensorAttribute = (name: string, body: Body): Body =>
  attribute(name, 4, encodeMessage(schema.AttributeProto.no.t, body));
export const graphAttribute = (name: string, body: Body): Body =>
  attribute(name, 5, encodeMessage(schema.AttributeProto.no.g, body));

/** A ValueInfoProto; without dims it has no type. */
export function valueInfo(name: string, dims?: readonly number[], type = 1): Body {
  const named = encodeString(schema.ValueInfoProto.no.name, name);
  if (dims === undefined) return named;
  const sizes = dims.map((dim) => encodeMessage(1, encodeInt(schema.TensorShapeProtoDimension.no.dim_value, dim)));
  const shape = encodeMessage(schema.TypeProtoTensor.no.shape, concatChunks(...sizes));
  const tensorType = concatChunks(encodeInt(schema.TypeProtoTensor.no.elem_type, type), shape);
  return concatChunks(named, encodeMessage(2, encodeMessage(schema.TypeProto.no.tensor_type, tensorType)));
}

export const input = (name: string, dims?: readonly number[], type?: number): Body =>
  encodeMessage(schema.GraphProto.no.input, valueInfo(name, dims, type));
export const output = (name: string): Body => encodeMessage(schema.GraphProto.no.output, valueInfo(name));

/** A GraphProto of these fields. */
export const graph = (...fields: readonly Body[]): Body =>
  concatChunks(encodeString(schema.GraphProto.no.name, 'g'), ...fields);

export const opset = (version: number, domain = ''): Body => {
  const { no } = schema.OperatorSetIdProto;
  return concatChunks(encodeString(no.domain, domain), encodeInt(no.version, version));
};

/** A FunctionProto of domain `f` with one input `a` and one output `b`. */
export function functionOf(name: string, ...nodes: readonly Body[]): Body {
  const { no } = schema.FunctionProto;
  const fields = concatChunks(
    encodeString(no.name, name),
    encodeString(no.domain, 'f'),
    encodeString(no.input, 'a'),
    encodeString(no.output, 'b'),
    encodeMessage(no.opset_import, opset(21)),
    encodeMessage(no.opset_import, opset(1, 'f')),
    ...nodes.map((body) => encodeMessage(no.node, body)),
  );
  return encodeMessage(schema.ModelProto.no.functions, fields);
}

/** A ModelProto of opset 21 with this graph and further fields. */
export function model(graphBody: Body, ...fields: readonly Body[]): Uint8Array {
  const { no } = schema.ModelProto;
  const opsets = concatChunks(encodeMessage(no.opset_import, opset(21)), encodeMessage(no.opset_import, opset(1, 'f')));
  const head = concatChunks(encodeInt(no.ir_version, 10), opsets);
  return wire.toBytes(concatChunks(head, encodeMessage(no.graph, graphBody), ...fields));
}

/** A model that hands one tensor, called `w`, to its output. */
export function tensorModel(body: Body): Uint8Array {
  return model(graph(initializer(body), nodeField(node('Identity', ['w'], ['y'])), output('y')));
}
