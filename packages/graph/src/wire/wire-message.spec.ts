import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../testing/error-code.js';
import { useTempDir } from '../testing/temp-dir.js';
import * as wire from './index.js';

const { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto } = wire.onnxSchema;

function open(bytes: Uint8Array | readonly number[], schema: wire.MessageSchema = AttributeProto): wire.WireMessage {
  return wire.openWire(new wire.MemorySource(bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes)), schema);
}

function openList(list: wire.ChunkList, schema: wire.MessageSchema): wire.WireMessage {
  return wire.openWire(new wire.MemorySource(wire.toBytes(list)), schema);
}

describe('WireMessage', () => {
  it('reads scalars, the last one winning', () => {
    const { no } = AttributeProto;
    const message = openList(
      wire.concatChunks(
        wire.encodeString(no.name, 'alpha'),
        wire.encodeFloat(no.f, 0.5),
        wire.encodeInt(no.i, -3),
        wire.encodeInt(no.i, 2n ** 63n - 1n),
        wire.encodeInt(no.type, 2),
      ),
      AttributeProto,
    );
    expect(message.string(no.name)).toBe('alpha');
    expect(message.float(no.f)).toBe(0.5);
    expect(message.int(no.i)).toBe(2n ** 63n - 1n);
    expect(message.count(no.i)).toBe(2);
    expect(message.safeInt(no.type)).toBe(2);
    expect(errorCode(() => message.safeInt(no.i))).toBe('ERR_INT_RANGE');
    expect(message.has(no.s)).toBe(false);
    expect(message.string(no.ref_attr_name)).toBeUndefined();
    expect(message.message(no.g)).toBeUndefined();
  });

  it.each([
    0n,
    1n,
    127n,
    128n,
    2n ** 32n,
    2n ** 49n - 1n,
    2n ** 49n,
    2n ** 53n - 1n,
    -1n,
    -(2n ** 53n) + 1n,
    -(2n ** 63n),
  ])('round-trips the integer %s', (value) => {
    const message = openList(wire.encodeInt(3, value), AttributeProto);
    expect(message.int(3)).toBe(value);
    if (BigInt(Number(value)) === value && Number.isSafeInteger(Number(value))) {
      expect(message.safeInt(3)).toBe(Number(value));
    }
  });

  it('reads int32 with and without sign extension, and nothing wider', () => {
    const type = AttributeProto.no.type;
    expect(openList(wire.encodeInt(type, -1), AttributeProto).safeInt(type)).toBe(-1);
    expect(openList(wire.encodeInt(type, 2 ** 32 - 1), AttributeProto).int(type)).toBe(-1n);
    expect(errorCode(() => openList(wire.encodeInt(type, 2 ** 32 + 1), AttributeProto).safeInt(type))).toBe(
      'ERR_INT_RANGE',
    );
    expect(errorCode(() => openList(wire.encodeInt(type, -(2 ** 31) - 1), AttributeProto).int(type))).toBe(
      'ERR_INT_RANGE',
    );
  });

  it('accepts packed, unpacked and mixed lists', () => {
    const { ints, floats } = AttributeProto.no;
    const list = wire.concatChunks(
      wire.encodeInts(ints, [1, -1]),
      wire.encodePackedInts(ints, [300n, 2n ** 62n]),
      wire.encodeInts(ints, [5]),
      wire.encodeFloats(floats, [1.5]),
      wire.encodePackedFloats(floats, Float32Array.of(2.5, -0)),
    );
    const message = openList(list, AttributeProto);
    expect(message.ints(ints)).toEqual([1n, -1n, 300n, 2n ** 62n, 5n]);
    expect(message.floats(floats)).toEqual(Float32Array.of(1.5, 2.5, -0));
    expect(message.numbers(ints).count).toBe(5);
    expect(errorCode(() => message.safeInts(ints))).toBe('ERR_INT_RANGE');
  });

  it('decodes typed tensor data into the array of its type', () => {
    const tensor = (list: wire.ChunkList) => openList(list, TensorProto);
    const { int32_data, int64_data, uint64_data, double_data } = TensorProto.no;
    expect(
      tensor(wire.encodePackedInts(int32_data, [-5, 7]))
        .numbers(int32_data)
        .toInt32(),
    ).toEqual(Int32Array.of(-5, 7));
    expect(
      tensor(wire.encodePackedInts(int64_data, [-5n]))
        .numbers(int64_data)
        .toInt64(),
    ).toEqual(BigInt64Array.of(-5n));
    const unsigned = tensor(wire.encodePackedInts(uint64_data, [2n ** 64n - 1n]));
    expect(unsigned.numbers(uint64_data).toUint64()).toEqual(BigUint64Array.of(2n ** 64n - 1n));
    expect(unsigned.ints(uint64_data)).toEqual([2n ** 64n - 1n]);
    const doubles = tensor(wire.encodePackedDoubles(double_data, Float64Array.of(0.1)));
    expect(doubles.numbers(double_data).toFloat64()).toEqual(Float64Array.of(0.1));
    expect(() => doubles.numbers(double_data).toFloat32()).toThrow('TensorProto.double_data');
  });

  it('keeps the bits of signalling NaNs', () => {
    const bits = Uint32Array.of(0x7fa00001, 0xffa00001, 0x7fc00000);
    const values = new Float32Array(bits.buffer);
    for (const encode of [wire.encodePackedFloats, wire.encodeFloats]) {
      const decoded = openList(encode(TensorProto.no.float_data, values), TensorProto).floats(
        TensorProto.no.float_data,
      );
      expect(new Uint32Array(decoded.buffer)).toEqual(bits);
    }
  });

  it('decodes UTF-8, keeps a byte order mark, refuses what is not UTF-8', () => {
    for (const text of [
      '',
      'a',
      '\ufeffx',
      'naïve',
      '漢字 𝄞',
      '\u202eevil\u001b[31m',
      '__proto__',
      'x'.repeat(100) + 'é',
    ]) {
      expect(openList(wire.encodeString(1, text), AttributeProto).string(1)).toBe(text);
    }
    const malformed = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]];
    for (const bytes of malformed) {
      const message = openList(wire.encodeBytes(1, Uint8Array.from(bytes)), AttributeProto);
      expect(errorCode(() => message.string(1))).toBe('ERR_BAD_UTF8');
      expect(message.text(1)).toContain('\ufffd');
      expect([...message.bytes(1)!]).toEqual(bytes);
    }
  });

  it('returns the same child on every call, and refuses a second singular one', () => {
    const graph = wire.encodeMessage(ModelProto.no.graph, wire.encodeString(2, 'g'));
    const once = openList(graph, ModelProto);
    expect(once.message(ModelProto.no.graph)).toBe(once.message(ModelProto.no.graph));
    const twice = openList(wire.concatChunks(graph, graph), ModelProto);
    expect(errorCode(() => twice.message(ModelProto.no.graph))).toBe('ERR_DUPLICATE_FIELD');
    expect(errorCode(() => twice.fields())).toBe('ERR_DUPLICATE_FIELD');
  });

  it('tells which member of a oneof comes last', () => {
    const { tensor_type, sequence_type, map_type } = TypeProto.no;
    const type = wire.concatChunks(
      wire.encodeMessage(sequence_type, new wire.ChunkList()),
      wire.encodeMessage(tensor_type, new wire.ChunkList()),
    );
    const message = openList(type, TypeProto);
    expect(message.lastOf([tensor_type, sequence_type, map_type])).toBe(tensor_type);
    expect(message.lastOf([map_type])).toBeUndefined();
  });

  it('gives the place of a payload without reading it', () => {
    const raw = openList(
      wire.concatChunks(wire.encodeInt(2, 1), wire.encodeBytes(9, Uint8Array.of(7, 8, 9))),
      TensorProto,
    );
    const { source, start, end } = raw.range(TensorProto.no.raw_data)!;
    expect([...source.read(start, end)]).toEqual([7, 8, 9]);
    expect(raw.range(TensorProto.no.float_data)).toBeUndefined();
  });

  it('lists fields in wire order with unknown ones and groups', () => {
    // 200: varint; 201: group holding a varint and a nested group; 1: 'ab'.
    const bytes = [0xc0, 0x0c, 0x05, 0xcb, 0x0c, 0x08, 0x01, 0x13, 0x14, 0xcc, 0x0c, 0x0a, 0x02, 0x61, 0x62];
    const fields = open(bytes).fields();
    expect(
      fields.map(({ no, wireType, tagStart, valueStart, valueEnd }) => [no, wireType, tagStart, valueStart, valueEnd]),
    ).toEqual([
      [200, 0, 0, 2, 3],
      [201, 3, 3, 5, 11],
      [1, 2, 11, 13, 15],
    ]);
    expect(open(bytes).string(1)).toBe('ab');
  });

  it('throws a plain error for a field the schema does not have', () => {
    expect(() => openList(wire.encodeInt(200, 1), AttributeProto).int(200)).toThrow('no field 200');
  });
});

describe('WireMessage over a file', () => {
  const directory = useTempDir();

  /** 9 MiB: beyond the size that is read whole, so the walk goes through windows. */
  function largeModel(): wire.ChunkList {
    const graph = new wire.ChunkList();
    for (let i = 0; i < 3000; i++) {
      const node = wire.concatChunks(wire.encodeStrings(1, [`x${i}`, `w${i}`]), wire.encodeString(4, 'MatMul'));
      const raw = new Uint8Array(i % 300 === 0 ? 900_000 : 40).fill(i);
      const tensor = wire.concatChunks(
        wire.encodeInts(1, [raw.length]),
        wire.encodeString(8, `w${i}`),
        wire.encodeBytes(9, raw),
      );
      graph.append(wire.encodeMessage(1, node)).append(wire.encodeMessage(5, tensor));
    }
    return wire.concatChunks(wire.encodeInt(1, 10), wire.encodeMessage(7, graph));
  }

  it('reads the same through windows as from memory', () => {
    const bytes = wire.toBytes(largeModel());
    expect(bytes.byteLength).toBeGreaterThan(8 * 2 ** 20);
    const path = join(directory(), 'large.onnx');
    writeFileSync(path, bytes);
    const file = new wire.FileSource(path);
    const [fromFile, fromMemory] = [file, new wire.MemorySource(bytes)].map((source) => {
      const graph = wire.openWire(source, ModelProto).message(ModelProto.no.graph)!;
      return {
        fields: graph.fields(),
        nodes: graph
          .messages(GraphProto.no.node)
          .map((node) => [node.strings(NodeProto.no.input), node.string(NodeProto.no.op_type)]),
        tensors: graph.messages(GraphProto.no.initializer).map((tensor) => {
          const { start, end } = tensor.range(TensorProto.no.raw_data)!;
          return [
            tensor.string(TensorProto.no.name),
            tensor.safeInts(TensorProto.no.dims),
            start,
            end,
            tensor.bytes(9)!.at(-1),
          ];
        }),
      };
    });
    expect(fromFile).toEqual(fromMemory);
    file.close();
  });

  it('counts and decodes lists that span read pieces', () => {
    const values = Array.from({ length: 400_000 }, (_, i) => BigInt.asIntN(64, BigInt(i) * 0x9e3779b97f4a7c15n));
    const list = wire.encodePackedInts(TensorProto.no.int64_data, values);
    expect(list.byteLength).toBeGreaterThan(3 * 2 ** 20);
    const path = join(directory(), 'list.pb');
    writeFileSync(path, wire.toBytes(list));
    const source = new wire.FileSource(path);
    const numbers = wire.openWire(source, TensorProto).numbers(TensorProto.no.int64_data);
    expect(numbers.count).toBe(values.length);
    const decoded = numbers.toInt64();
    expect(Buffer.compare(new Uint8Array(decoded.buffer), new Uint8Array(BigInt64Array.from(values).buffer))).toBe(0);
    source.close();
  });
});
