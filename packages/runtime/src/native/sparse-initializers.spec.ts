import { type DType, GraphBuilder, type Model, type SparseTensor, Tensor, type Value } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import { Session } from '../session/session.js';
import { compileModel } from './compile-model.js';
import { nativeCapabilities, NativeProgram } from './open-native.js';

type Feeds = Readonly<Record<string, Tensor>>;

const count = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Whole numbers in [-127, 127] of which nine in ten are zero. */
const codes = (dims: readonly number[], seed: number) =>
  Array.from({ length: count(dims) }, (_, i) => {
    const mixed = (Math.imul(i + 1, 2654435761) ^ Math.imul(seed, 40503)) >>> 0;
    return (mixed >>> 7) % 10 === 0 ? ((mixed >>> 12) % 255) - 127 : 0;
  });

const FORMS = ['dense', 'positions', 'coordinates'] as const;
type Form = (typeof FORMS)[number];

/** The non-zeros of `values`, by position in the flat tensor or by coordinates. */
function sparseOf(dtype: DType, dims: readonly number[], values: readonly number[], form: Form): SparseTensor {
  const places = values.flatMap((value, i) => (value === 0 ? [] : [i]));
  const stored = Tensor.fromNumbers(
    dtype,
    [places.length],
    places.map((i) => values[i]!),
  );
  if (form === 'positions')
    return { dims, values: stored, indices: Tensor.fromNumbers('int64', [places.length], places) };
  const steps = dims.map((_, axis) => count(dims.slice(axis + 1)));
  const coordinates = places.flatMap((place) => dims.map((size, axis) => Math.floor(place / steps[axis]!) % size));
  return { dims, values: stored, indices: Tensor.fromNumbers('int64', [places.length, dims.length], coordinates) };
}

/** A graph whose weights are written in one form. */
class Weights extends GraphBuilder {
  constructor(private readonly form: Form) {
    super('net', { opset: 21, domains: { 'com.microsoft': 1 } });
  }

  sparse(name: string, dtype: DType, dims: readonly number[], scale = 1): Value {
    const values = codes(dims, name.length).map((code) => code * scale);
    const value = this.graph.declare(name);
    const data =
      this.form === 'dense' ? Tensor.fromNumbers(dtype, dims, values) : sparseOf(dtype, dims, values, this.form);
    this.graph.setInitializer(value, data);
    return value;
  }

  /** Scale and zero point. */
  affine(scale: number, zeroPoint: number, dtype: DType = 'uint8'): Value[] {
    return [this.constant(scale, 'float32'), this.constant(zeroPoint, dtype)];
  }
}

const waves = (...dims: number[]) =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count(dims) }, (_, i) => Math.sin(i * 0.7)),
  );
const bytes = (...dims: number[]) =>
  Tensor.of(
    'uint8',
    dims,
    Uint8Array.from({ length: count(dims) }, (_, i) => (i * 37) % 256),
  );

/** Consumers of a weight, and what they are fed; `ort`: ONNX Runtime takes a sparse initializer there. */
const CONSUMERS: Readonly<Record<string, readonly [build: (g: Weights) => Value, feeds: Feeds]>> = {
  MatMul: [
    (g) => g.op('MatMul', [g.input('x', 'float32', ['n', 64]), g.sparse('w', 'float32', [64, 48], 0.01)]),
    { x: waves(20, 64) },
  ],
  Gemm: [
    (g) => {
      const bias = g.sparse('bias', 'float32', [48], 0.1);
      const inputs = [g.input('x', 'float32', ['n', 64]), g.sparse('w', 'float32', [48, 64], 0.01), bias];
      return g.op('Gemm', inputs, { transB: 1 });
    },
    { x: waves(20, 64) },
  ],
  Conv: [
    (g) => {
      const x = g.input('x', 'float32', ['n', 8, 6, 6]);
      return g.op('Relu', [g.op('Conv', [x, g.sparse('w', 'float32', [32, 8, 3, 3], 0.01)], { pads: [1, 1, 1, 1] })]);
    },
    { x: waves(2, 8, 6, 6) },
  ],
  QLinearMatMul: [
    (g) => {
      const weight = [g.sparse('w', 'int8', [64, 48]), ...g.affine(0.01, 0, 'int8')];
      return g.op('QLinearMatMul', [
        g.input('x', 'uint8', ['n', 64]),
        ...g.affine(0.02, 120),
        ...weight,
        ...g.affine(0.1, 128),
      ]);
    },
    { x: bytes(20, 64) },
  ],
  QLinearConv: [
    (g) => {
      const weight = [g.sparse('w', 'int8', [32, 8, 3, 3]), ...g.affine(0.01, 0, 'int8')];
      return g.op('QLinearConv', [
        g.input('x', 'uint8', ['n', 8, 6, 6]),
        ...g.affine(0.02, 120),
        ...weight,
        ...g.affine(0.1, 128),
      ]);
    },
    { x: bytes(2, 8, 6, 6) },
  ],
  DequantizeLinear: [
    (g) => {
      const real = g.op('DequantizeLinear', [g.input('x', 'uint8', ['n', 64]), ...g.affine(0.02, 120)]);
      const weight = g.op('DequantizeLinear', [g.sparse('w', 'int8', [64, 48]), ...g.affine(0.01, 0, 'int8')]);
      return g.op('QuantizeLinear', [g.op('MatMul', [real, weight]), ...g.affine(0.1, 128)]);
    },
    { x: bytes(20, 64) },
  ],
  MatMulInteger: [
    (g) => {
      const [codesOf, scale, zero] = g.ops(
        'DynamicQuantizeLinear',
        [g.input('x', 'float32', ['n', 64])],
        {},
        { outputs: 3 },
      );
      const sums = g.op('MatMulInteger', [codesOf, g.sparse('w', 'int8', [64, 48]), zero]);
      return g.op('Mul', [g.op('Cast', [sums], { to: 1 }), scale]);
    },
    { x: waves(20, 64) },
  ],
  Gather: [
    (g) => g.op('Gather', [g.sparse('table', 'float32', [64, 8], 0.01), g.input('x', 'int64', ['n'])]),
    { x: Tensor.fromNumbers('int64', [5], [3, 1, 4, 1, 63]) },
  ],
  'a float16 weight': [
    (g) => {
      const weight = g.op('Cast', [g.sparse('w', 'float16', [64, 48], 0.25)], { to: 1 });
      return g.op('MatMul', [g.input('x', 'float32', ['n', 64]), weight]);
    },
    { x: waves(20, 64) },
  ],
};

const modelOf = (build: (g: Weights) => Value, form: Form): Model => {
  const g = new Weights(form);
  return g.output(build(g), 'y').model();
};

async function run(model: Model | Uint8Array, engine: string, feeds: Feeds): Promise<Tensor> {
  const session = await Session.open(model, { engine, threads: 1 });
  try {
    return (await session.run(feeds))['y']!;
  } finally {
    await session.dispose();
  }
}

const notesOf = (model: Model) => {
  const program = new NativeProgram(compileModel(model, { capabilities: nativeCapabilities() }), model);
  const notes = program.notes().map(({ operator, note }) => `${operator}: ${note}`);
  program.dispose();
  return notes;
};

describe.each(Object.entries(CONSUMERS))('%s of a sparse initializer', (_, [build, feeds]) => {
  const dense = modelOf(build, 'dense');

  test.each(['positions', 'coordinates'] as const)('by %s: as of a dense one, bit for bit', async (form) => {
    const sparse = modelOf(build, form);
    const expected = await run(dense, 'native', feeds);
    for (const engine of ['native', 'auto']) {
      for (const source of [sparse, serializeModel(sparse)]) {
        const found = await run(source, engine, feeds);
        expect([found.dtype, found.dims]).toEqual([expected.dtype, expected.dims]);
        expect(found.bytes()).toEqual(expected.bytes());
      }
    }
    expect(notesOf(sparse)).toEqual(notesOf(dense));
    expect([...sparse.graph.initializers()].some((value) => value.sparse)).toBe(true);
  });
});

test('ONNX Runtime reads the same from sparse float weights', async () => {
  for (const name of ['MatMul', 'Gemm', 'Conv', 'Gather']) {
    const [build, feeds] = CONSUMERS[name]!;
    for (const form of FORMS) {
      const model = modelOf(build, form);
      const [found, expected] = [await run(model, 'native', feeds), await run(model, 'ort', feeds)];
      const [got, want] = [found.toFloat64(), expected.toFloat64()];
      const most = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      // Float32 sums of at most 72 terms in two orders: 2 * 72 * 2^-24 of the sum of their sizes, some ten times the largest result.
      want.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-4 * most));
    }
  }
});

test.each(FORMS)('a large float weight of nine zeros in ten is packed in the sparse format: %s', (form) => {
  const build = (g: Weights) =>
    g.op('MatMul', [g.input('x', 'float32', ['n', 512]), g.sparse('w', 'float32', [512, 512], 0.01)]);
  expect(notesOf(modelOf(build, form))).toEqual([expect.stringMatching(/^Linear: sparse/)]);
});

/** Fields of a protobuf message on the wire, [number, value]: integers as varints, all else with its length. */
function message(...fields: readonly (readonly [number, number | string | Uint8Array])[]): Uint8Array {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.from([...varint(number << 3), ...varint(value)]);
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
    }),
  );
}

test('sparse initializers and sparse Constants in the bodies of an If', async () => {
  const raw = (data: Float32Array | BigInt64Array) => new Uint8Array(data.buffer);
  /** [[0, 10, 0], [0, 0, 20]] as a SparseTensorProto. */
  const sparseTensor = (name: string) =>
    message(
      [1, message([1, 2], [2, 1], [8, name], [9, raw(new Float32Array([10, 20]))])],
      [2, message([1, 2], [1, 2], [2, 7], [9, raw(new BigInt64Array([0n, 1n, 1n, 2n]))])],
      ...([2, 3].map((dim) => [3, dim]) as [number, number][]),
    );
  const value = (name: string, elements: number, dims: readonly number[]) => {
    const shape = message(...dims.map((dim) => [1, message([1, dim])] as const));
    return message([1, name], [2, message([1, message([1, elements], [2, shape])])]);
  };
  const branch = (op: string) =>
    message(
      [
        1,
        message([2, `${op}_c`], [4, 'Constant'], [5, message([1, 'sparse_value'], [22, sparseTensor('')], [20, 11])]),
      ],
      [1, message([1, 'x'], [1, `${op}_c`], [2, `${op}_r`], [4, op])],
      [1, message([1, `${op}_r`], [1, `${op}_w`], [2, `${op}_y`], [4, 'Add'])],
      [2, op],
      [12, message([1, `${op}_y`])],
      [15, sparseTensor(`${op}_w`)],
    );
  const branches = [
    [5, message([1, 'then_branch'], [6, branch('Add')], [20, 5])],
    [5, message([1, 'else_branch'], [6, branch('Mul')], [20, 5])],
  ] as const;
  const graph = message(
    [1, message([1, 'which'], [2, 'y'], [4, 'If'], ...branches)],
    [2, 'g'],
    [11, value('which', 9, [])],
    [11, value('x', 1, [2, 3])],
    [12, value('y', 1, [2, 3])],
  );
  const file = message([1, 8], [7, graph], [8, message([2, 17])]);
  for (const engine of ['native', 'auto', 'reference']) {
    const of = async (which: number) => {
      const feeds = {
        which: Tensor.fromNumbers('bool', [], [which]),
        x: Tensor.fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6]),
      };
      return [...(await run(file, engine, feeds)).toFloat32()];
    };
    expect(await of(1)).toEqual([1, 22, 3, 4, 5, 46]);
    expect(await of(0)).toEqual([0, 30, 0, 0, 0, 140]);
  }
});

test('indices outside and tensors without end are refused by name', async () => {
  const withWeight = (dims: readonly number[], indices: readonly number[]) => {
    const g = new GraphBuilder('net');
    const w = g.graph.declare('w');
    const values = Tensor.fromNumbers('float32', [indices.length], indices);
    g.graph.setInitializer(w, { dims, values, indices: Tensor.fromNumbers('int64', [indices.length], indices) });
    return g.output(g.op('MatMul', [g.input('x', 'float32', ['n', dims[0]!]), w]), 'y').model();
  };
  for (const engine of ['native', 'auto']) {
    const open = (model: Model) => Session.open(model, { engine });
    await expect(open(withWeight([4, 4], [1, 16]))).rejects.toMatchObject({ code: 'ERR_EVAL_VALUE' });
    await expect(open(withWeight([2 ** 15, 2 ** 16], [1, 16]))).rejects.toMatchObject({
      code: 'ERR_EVAL_BUDGET',
      message: expect.stringMatching(/^w: expected .*received/) as string,
    });
  }
});
