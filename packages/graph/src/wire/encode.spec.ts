import { create, fromBinary } from '@bufbuild/protobuf';
import { AttributeProtoSchema, TensorProtoSchema } from '../testing/generated/onnx/onnx-ml_pb.js';
import * as wire from './index.js';

const attribute = wire.onnxSchema.AttributeProto.no;
const tensor = wire.onnxSchema.TensorProto.no;

describe('encoders', () => {
  it('write what protobuf-es reads', () => {
    const bytes = wire.toBytes(
      wire.concatChunks(
        wire.encodeString(attribute.name, 'naïve 漢'),
        wire.encodeFloat(attribute.f, 1.25),
        wire.encodeInt(attribute.i, -7n),
        wire.encodeBytes(attribute.s, Uint8Array.of(1, 2)),
        wire.encodeMessage(attribute.t, wire.encodeInt(tensor.data_type, 1)),
        wire.encodeFloats(attribute.floats, [0.5, -0]),
        wire.encodeInts(attribute.ints, [1, 2n ** 62n, -1]),
        wire.encodeStrings(attribute.ref_attr_name, ['x']),
        wire.encodeInt(attribute.type, 2),
      ),
    );
    expect(fromBinary(AttributeProtoSchema, bytes)).toEqual(
      create(AttributeProtoSchema, {
        name: 'naïve 漢',
        f: 1.25,
        i: -7n,
        s: Uint8Array.of(1, 2),
        t: { dataType: 1 },
        floats: [0.5, -0],
        ints: [1n, 2n ** 62n, -1n],
        refAttrName: 'x',
        type: 2,
      }),
    );
  });

  it('write packed lists as protobuf-es reads them, and nothing for empty ones', () => {
    const bytes = wire.toBytes(
      wire.concatChunks(
        wire.encodePackedFloats(tensor.float_data, Float32Array.of(1, 2)),
        wire.encodePackedInts(tensor.int32_data, [-1, 300]),
        wire.encodePackedInts(tensor.uint64_data, [2n ** 64n - 1n]),
        wire.encodePackedDoubles(tensor.double_data, Float64Array.of(0.1)),
      ),
    );
    const read = fromBinary(TensorProtoSchema, bytes);
    expect(read).toMatchObject({
      floatData: [1, 2],
      int32Data: [-1, 300],
      uint64Data: [2n ** 64n - 1n],
      doubleData: [0.1],
    });
    expect(wire.encodePackedInts(7, []).byteLength).toBe(0);
    expect(wire.encodePackedFloats(4, new Float32Array(0)).byteLength).toBe(0);
    expect(wire.encodePackedDoubles(10, new Float64Array(0)).byteLength).toBe(0);
  });

  it('do not hold on to the arrays they are given', () => {
    const floats = new Float32Array(5000).fill(1);
    const list = wire.encodePackedFloats(tensor.float_data, floats);
    floats.fill(2);
    expect(wire.openWire(new wire.MemorySource(wire.toBytes(list)), wire.onnxSchema.TensorProto).floats(4)[4999]).toBe(
      1,
    );
  });

  it('refuse field numbers that protobuf does not have', () => {
    for (const no of [0, -1, 2 ** 29, 1.5, NaN]) expect(() => wire.encodeInt(no, 1)).toThrow('field number');
  });
});
