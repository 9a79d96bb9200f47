import fc from 'fast-check';
import * as wire from '../../wire/index.js';

const { ModelProto } = wire.onnxSchema;

/** Names that meet one another often, so that nodes are connected and names clash. */
const NAMES = [
  '',
  'a',
  'b',
  'c',
  'w',
  'Add',
  'Relu',
  'If',
  'Constant',
  'Reshape',
  'Concat',
  'value',
  'axis',
  '__proto__',
];
const INTEGERS = [0n, 1n, 2n, 7n, 8n, -1n, 4096n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 62n, -(2n ** 63n)];

const anyInteger = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...INTEGERS) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
);
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constant(new Uint8Array(16)));

/** One encoded field of the schema; messages nest up to `depth`. */
function fieldOf({ no, kind, repeated, child }: wire.FieldSchema, depth: number): fc.Arbitrary<wire.ChunkList> {
  switch (kind) {
    case 'message':
      if (depth === 0 || child === undefined) return fc.constant(wire.encodeMessage(no, new wire.ChunkList()));
      return messageOf(child, depth - 1).map((body) => wire.encodeBytes(no, body));
    case 'string':
      return fc.constantFrom(...NAMES).map((text) => wire.encodeString(no, text));
    case 'bytes':
      return anyBytes.map((bytes) => wire.encodeBytes(no, bytes));
    case 'float':
      return fc.float().map((value) => wire.encodeFloat(no, value));
    case 'double':
      return fc.double().map((value) => wire.encodeDouble(no, value));
    default: {
      const one = anyInteger.map((value) => wire.encodeInt(no, value));
      if (!repeated) return one;
      return fc.oneof(
        one,
        fc.array(anyInteger, { maxLength: 4 }).map((list) => wire.encodePackedInts(no, list)),
      );
    }
  }
}

interface AnyField {
  /** Number of a message that may occur once; 0 for every other field. */
  readonly single: number;
  readonly encoded: wire.ChunkList;
}

/**
 * Encoded messages of a schema: any of its fields in any number and order, and now and then one it does not have. A message that
 * may occur once does so 19 times out of 20: each second one would be refused for that alone.
 */
export function messageOf(schema: wire.MessageSchema, depth: number): fc.Arbitrary<Uint8Array> {
  const known = [...schema.fields.values()].map((field): fc.Arbitrary<AnyField> => {
    const single = field.kind === 'message' && !field.repeated ? field.no : 0;
    return fieldOf(field, depth).map((encoded) => ({ single, encoded }));
  });
  const unknown = fc
    .tuple(fc.integer({ min: 200, max: 2 ** 29 - 1 }), anyInteger)
    .map(([no, value]): AnyField => ({ single: 0, encoded: wire.encodeInt(no, value) }));
  const field = fc.oneof({ weight: 20, arbitrary: fc.oneof(...known) }, { weight: 1, arbitrary: unknown });
  const keepsAll = fc.integer({ min: 0, max: 19 }).map((number) => number === 0);
  return fc.tuple(fc.array(field, { maxLength: 8 }), keepsAll).map(([fields, all]) => {
    const kept = fields.filter(
      ({ single }, at) => all || single === 0 || fields.findIndex((other) => other.single === single) === at,
    );
    return wire.toBytes(wire.concatChunks(...kept.map(({ encoded }) => encoded)));
  });
}

/** A model that has exactly one graph; everything in that is arbitrary. */
export const modelShape: fc.Arbitrary<Uint8Array> = fc
  .tuple(messageOf(wire.onnxSchema.GraphProto, 4), fc.constantFrom(7, 13, 21), fc.boolean())
  .map(([graph, opset, hasVersion]) =>
    wire.toBytes(
      wire.concatChunks(
        hasVersion ? wire.encodeInt(ModelProto.no.ir_version, 10) : new wire.ChunkList(),
        wire.encodeMessage(ModelProto.no.opset_import, wire.encodeInt(2, opset)),
        wire.encodeBytes(ModelProto.no.graph, graph),
      ),
    ),
  );
