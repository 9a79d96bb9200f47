import { attribute, type DType, GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { compileAndRun } from './testing/compile-and-run.js';

type Feeds = Readonly<Record<string, Tensor>>;

/** Whole numbers that repeat late, in [low, high]. */
function pseudo(count: number, seed: number, low: number, high: number): number[] {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  });
}

const count = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const integers = (dtype: DType, dims: readonly number[], seed: number, low: number, high: number) =>
  Tensor.fromNumbers(dtype, dims, pseudo(count(dims), seed, low, high));
const reals = (dims: readonly number[], seed: number, range = 4) =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from(pseudo(count(dims), seed, -1000, 1000), (v) => (v / 1000) * range),
  );

/** A graph with short words for quantization. */
class Quantized extends GraphBuilder {
  constructor() {
    super('net', { opset: 21, domains: { 'com.microsoft': 1 } });
  }

  tensor(tensor: Tensor): Value {
    return this.graph.addInitializer('tensor', tensor);
  }

  scale(value: number | readonly number[]): Value {
    return this.constant(value, 'float32');
  }

  dq(codes: Value, scale: number, zero: number, dtype: DType = 'uint8'): Value {
    return this.op('DequantizeLinear', [codes, this.scale(scale), this.constant(zero, dtype)]);
  }

  q(value: Value, scale: number, zero: number, dtype: DType = 'uint8'): Value {
    return this.op('QuantizeLinear', [value, this.scale(scale), this.constant(zero, dtype)]);
  }

  /** An int8 weight with a scale for each index of `axis`. */
  layerWeight(dims: readonly number[], axis: number, seed: number): Value {
    const scales = pseudo(dims[axis]!, seed, 5, 60).map((v) => v / 4096);
    const codes = this.tensor(integers('int8', dims, seed, -127, 127));
    return this.op('DequantizeLinear', [codes, this.scale(scales)], { axis });
  }
}

/** Codes differ by at most `step`, in at most `share` of the elements; floats by rounding. */
async function check(model: Model, feeds: Feeds, { step = 0, share = 0 } = {}): Promise<readonly string[]> {
  const { types, outputs } = await compileAndRun(model, feeds);
  for (const [name, expected] of Object.entries(evaluate(model, feeds))) {
    const [got, want] = [outputs[name]!, expected];
    expect(got.dtype).toBe(want.dtype);
    expect(got.dims).toEqual(want.dims);
    const [a, b] = [got.toFloat64(), want.toFloat64()];
    const isFloat = want.dtype === 'float32';
    const largest = b.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    // Float results: sums in another order and scales rounded once more, 2^-22 of the largest.
    const bound = isFloat ? largest * 2 ** -20 : step;
    let different = 0;
    b.forEach((v, i) => {
      if (a[i] !== v) different++;
      expect(Math.abs(a[i]! - v)).toBeLessThanOrEqual(bound);
    });
    if (!isFloat) expect(different / b.length).toBeLessThanOrEqual(share);
  }
  return types;
}

/** Requantizing by one product instead of a quotient of floats moves what lies next to a tie, by one. */
const ROUNDING = { step: 1, share: 0.01 };

describe('layers between DequantizeLinear and QuantizeLinear', () => {
  test('convolutions, Relu and a residual sum are two operators', async () => {
    const g = new Quantized();
    const x = g.input('x', 'float32', ['n', 8, 6, 6]);
    const start = g.dq(g.q(x, 0.03, 120), 0.03, 120);
    const bias = g.op(
      'DequantizeLinear',
      [
        g.tensor(integers('int32', [8], 4, -4000, 4000)),
        g.scale(pseudo(8, 3, 5, 60).map((v) => Math.fround(Math.fround(0.03) * Math.fround(v / 4096)))),
      ],
      { axis: 0 },
    );
    const a = g.op('Conv', [start, g.layerWeight([8, 8, 3, 3], 0, 3), bias], { pads: [1, 1, 1, 1] });
    const inner = g.dq(g.q(g.op('Relu', [a]), 0.05, 10), 0.05, 10);
    const b = g.op('Conv', [inner, g.layerWeight([8, 8, 3, 3], 0, 5)], { pads: [1, 1, 1, 1] });
    const sum = g.op('Relu', [g.op('Add', [g.dq(g.q(b, 0.06, 128), 0.06, 128), start])]);
    const model = g.output(g.dq(g.q(sum, 0.05, 0), 0.05, 0), 'y').model();
    const feeds = { x: reals([2, 8, 6, 6], 9) };
    const { types, outputs } = await compileAndRun(model, feeds);
    expect(types.filter((type) => type !== 'Transpose')).toEqual([
      'QuantizeLinear',
      'Int8Conv',
      'Int8Conv',
      'DequantizeLinear',
    ]);
    const want = evaluate(model, feeds)['y']!.toFloat64();
    outputs['y']!.toFloat64().forEach((v, i) => expect(Math.abs(v - want[i]!)).toBeLessThan(0.0501 * 2));
  });

  test('MatMul and Gemm, biases of both kinds, with and without codes as the result', async () => {
    for (const op of ['MatMul', 'Gemm'] as const) {
      for (const toCodes of [true, false]) {
        const g = new Quantized();
        const x = g.input('x', 'uint8', [5, 12]);
        const w = op === 'Gemm' ? g.layerWeight([7, 12], 0, 2) : g.layerWeight([12, 7], 1, 2);
        const bias = g.tensor(reals([7], 8));
        const real = g.dq(x, 0.02, 100);
        const y =
          op === 'Gemm' ? g.op('Gemm', [real, w, bias], { transB: 1 }) : g.op('Add', [g.op('MatMul', [real, w]), bias]);
        const model = g.output(toCodes ? g.q(g.op('Clip', [y, g.scale(-1), g.scale(2)]), 0.04, 90) : y, 'y').model();
        const types = await check(model, { x: integers('uint8', [5, 12], 5, 0, 255) }, ROUNDING);
        expect(types).toEqual(['Int8Linear']);
      }
    }
  });

  test('int8 activations become uint8 inside, and are int8 at the borders', async () => {
    const g = new Quantized();
    const x = g.input('x', 'int8', ['n', 4, 6, 6]);
    const real = g.dq(x, 0.03, -5, 'int8');
    const a = g.op('Conv', [real, g.layerWeight([6, 4, 3, 3], 0, 3)]);
    const codes = g.q(a, 0.08, 3, 'int8');
    const pooled = g.op('MaxPool', [codes], { kernel_shape: [2, 2], strides: [2, 2] });
    const b = g.op('Conv', [g.dq(pooled, 0.08, 3, 'int8'), g.layerWeight([5, 6, 1, 1], 0, 4)]);
    const model = g.output(g.q(b, 0.07, -7, 'int8'), 'y', 'int8').model();
    const types = await check(model, { x: integers('int8', [2, 4, 6, 6], 5, -128, 127) }, ROUNDING);
    expect(types.filter((type) => /Int8|Pool/.test(type))).toEqual(['Int8Conv', 'MaxPoolNhwc', 'Int8Conv']);
  });

  test('functions of one code are tables, bit for bit', async () => {
    const functions: ((g: Quantized, x: Value) => Value)[] = [
      (g, x) => g.op('Sigmoid', [x]),
      (g, x) => g.op('Mul', [x, g.op('HardSigmoid', [x])]),
      (g, x) => g.op('Gelu', [g.op('Add', [x, g.scale(0.25)])]),
      (_, x) => x,
    ];
    for (const apply of functions) {
      const g = new Quantized();
      const x = g.input('x', 'uint8', [4, 64]);
      const model = g.output(g.q(apply(g, g.dq(x, 0.04, 130)), 0.021, 7), 'y').model();
      const types = await check(model, { x: integers('uint8', [4, 64], 3, 0, 255) });
      expect(types).toEqual(['Int8Table']);
    }
  });

  test('a value times a function of it is one table, though codes lie between', async () => {
    const g = new Quantized();
    const x = g.input('x', 'uint8', [4, 64]);
    const real = g.dq(x, 0.04, 130);
    const gate = g.dq(g.q(g.op('HardSigmoid', [real]), 1 / 255, 0), 1 / 255, 0);
    const model = g.output(g.q(g.op('Mul', [real, gate]), 0.03, 40), 'y').model();
    const types = await check(model, { x: integers('uint8', [4, 64], 3, 0, 255) });
    expect(types).toEqual(['Int8Table']);
  });

  test('sums and products of two values, pools and Concat', async () => {
    const g = new Quantized();
    const [x, z] = ['x', 'z'].map((name) => g.input(name, 'uint8', ['n', 4, 6, 6])) as [Value, Value];
    const [a, b] = [g.dq(x, 0.04, 130), g.dq(z, 0.03, 20)];
    for (const [i, op] of ['Add', 'Sub', 'Mul'].entries()) g.output(g.q(g.op(op, [a, b]), 0.06, 100), `y${i}`);
    g.output(g.q(g.op('AveragePool', [a], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }), 0.03, 110), 'mean');
    g.output(g.q(g.op('GlobalAveragePool', [a]), 0.03, 110), 'all');
    g.output(g.q(g.op('Concat', [a, b], { axis: 1 }), 0.05, 90), 'both');
    const feeds = { x: integers('uint8', [2, 4, 6, 6], 3, 0, 255), z: integers('uint8', [2, 4, 6, 6], 4, 0, 255) };
    const types = await check(g.model(), feeds, ROUNDING);
    expect(types.filter((type) => type.startsWith('Int8')).sort()).toEqual([
      'Int8AveragePoolNhwc',
      'Int8AveragePoolNhwc',
      'Int8Binary',
      'Int8Binary',
      'Int8Binary',
      'Int8Concat',
    ]);
  });

  test('moves are of codes', async () => {
    const g = new Quantized();
    const x = g.input('x', 'uint8', [2, 4, 6, 6]);
    const real = g.dq(x, 0.04, 130);
    const padded = g.op('Pad', [
      g.op('Slice', [real, g.constant([1]), g.constant([5]), g.constant([2])]),
      g.constant([0, 0, 0, 1, 0, 0, 0, 1]),
    ]);
    const up = g.op('Resize', [padded, undefined, g.scale([1, 1, 2, 2])], { mode: 'nearest' });
    const flat = g.op('Reshape', [g.op('Transpose', [up], { perm: [0, 2, 3, 1] }), g.constant([2, -1])]);
    const model = g.output(g.q(flat, 0.04, 130), 'y').model();
    const types = await check(model, { x: integers('uint8', [2, 4, 6, 6], 3, 0, 255) });
    expect(types).toEqual(['Slice', 'Pad', 'Resize', 'Transpose', 'Reshape', 'Identity']);
  });
});

describe('operators on codes', () => {
  test('QLinearConv and QLinearMatMul, bit for bit', async () => {
    const g = new Quantized();
    const x = g.input('x', 'uint8', ['n', 4, 5, 5]);
    const scales = g.scale(pseudo(6, 2, 5, 60).map((v) => v / 4096));
    const conv = g.op(
      'QLinearConv',
      [
        x,
        g.scale(0.03),
        g.constant(100, 'uint8'),
        g.tensor(integers('int8', [6, 2, 3, 3], 2, -127, 127)),
        scales,
        g.tensor(Tensor.fromNumbers('int8', [6], new Array<number>(6).fill(0))),
        g.scale(0.031),
        g.constant(99, 'uint8'),
        g.tensor(integers('int32', [6], 4, -3000, 3000)),
      ],
      { group: 2, pads: [1, 0, 1, 2], strides: [2, 1] },
    );
    const product = g.op('QLinearMatMul', [
      conv,
      g.scale(0.031),
      g.constant(99, 'uint8'),
      g.tensor(integers('uint8', [5, 3], 6, 0, 255)),
      g.scale(0.01),
      g.constant(131, 'uint8'),
      g.scale(0.09),
      g.constant(127, 'uint8'),
    ]);
    const model = g.output(conv, 'c').output(product, 'y').model();
    const types = await check(model, { x: integers('uint8', [2, 4, 5, 5], 5, 0, 255) });
    expect(types.filter((type) => type !== 'Transpose')).toEqual(['Int8Conv', 'Int8Linear']);
  });

  test("com.microsoft's QLinear operators and QGemm", async () => {
    const g = new Quantized();
    const x = g.input('x', 'uint8', ['n', 4, 6, 6]);
    const affine = (scale: number, zero: number) => [g.scale(scale), g.constant(zero, 'uint8')];
    const ms = (op: string, inputs: readonly (Value | undefined)[], attributes = {}) =>
      g.op(op, inputs, attributes, { domain: 'com.microsoft' });
    const s = ms('QLinearSigmoid', [x, ...affine(0.04, 130), ...affine(0.004, 0)]);
    const z = g.input('z', 'uint8', ['n', 4, 6, 6]);
    const sum = ms('QLinearAdd', [z, ...affine(0.04, 130), s, ...affine(0.004, 0), ...affine(0.05, 120)]);
    const joined = ms('QLinearConcat', [...affine(0.05, 120), sum, ...affine(0.05, 120), x, ...affine(0.04, 130)], {
      axis: 1,
    });
    const mean = ms('QLinearGlobalAveragePool', [joined, ...affine(0.05, 120), ...affine(0.02, 110)]);
    const flat = g.op('Flatten', [mean]);
    const gemm = ms(
      'QGemm',
      [
        flat,
        ...affine(0.02, 110),
        g.tensor(integers('int8', [8, 10], 2, -127, 127)),
        g.scale(pseudo(10, 2, 5, 60).map((v) => v / 4096)),
        g.tensor(Tensor.fromNumbers('int8', [10], new Array<number>(10).fill(0))),
        g.tensor(integers('int32', [10], 4, -3000, 3000)),
        ...affine(0.1, 128),
      ],
      { alpha: attribute.float(1) },
    );
    const types = await check(
      g.output(gemm, 'y').model(),
      { x: integers('uint8', [2, 4, 6, 6], 5, 0, 255), z: integers('uint8', [2, 4, 6, 6], 6, 0, 255) },
      { step: 1, share: 0.1 },
    );
    expect(types.filter((type) => type.startsWith('Int8'))).toEqual([
      'Int8Table',
      'Int8Binary',
      'Int8Concat',
      'Int8AveragePoolNhwc',
      'Int8Linear',
    ]);
  });
});

describe('dynamic quantization', () => {
  const scales = pseudo(7, 2, 5, 60).map((v) => v / 4096);

  test('MatMulIntegers of one DynamicQuantizeLinear share it; Cast, scales, bias and activation are part of them', async () => {
    const g = new Quantized();
    const x = g.input('x', 'float32', ['n', 5, 12]);
    const [codes, scale, zero] = g.ops('DynamicQuantizeLinear', [x], {}, { outputs: 3 }) as [Value, Value, Value];
    const skip = g.input('skip', 'float32', ['n', 5, 7]);
    for (const seed of [1, 2]) {
      const weight = g.tensor(integers('int8', [12, 7], seed, -127, 127));
      const sums = g.op('MatMulInteger', [
        codes,
        weight,
        zero,
        g.tensor(Tensor.fromNumbers('int8', [7], pseudo(7, seed, -3, 3))),
      ]);
      const floats = g.op('Cast', [sums], { to: 1 });
      const real =
        seed === 1
          ? g.op('Mul', [floats, g.op('Mul', [scale, g.scale(scales)])])
          : g.op('Mul', [g.op('Mul', [floats, scale]), g.scale(0.01)]);
      const active = g.op('Relu', [g.op('Add', [g.tensor(reals([7], 3)), real])]);
      g.output(seed === 1 ? g.op('Sum', [skip, active]) : active, `y${seed}`);
    }
    const types = await check(g.model(), { x: reals([2, 5, 12], 4), skip: reals([2, 5, 7], 6) });
    expect(types).toEqual(['DynamicQuantizeLinear', 'Int8Linear', 'Int8Linear']);
  });

  test('ConvInteger with per-channel scales, and by itself', async () => {
    const g = new Quantized();
    const x = g.input('x', 'float32', ['n', 4, 5, 5]);
    const [codes, scale, zero] = g.ops('DynamicQuantizeLinear', [x], {}, { outputs: 3 }) as [Value, Value, Value];
    const weight = g.tensor(integers('int8', [7, 4, 3, 3], 2, -127, 127));
    const sums = g.op('ConvInteger', [codes, weight, zero], { pads: [1, 1, 1, 1] });
    const factor = g.op('Mul', [scale, g.constant(scales, 'float32', [7, 1, 1])]);
    const real = g.op('Add', [
      g.op('Mul', [g.op('Cast', [sums], { to: 1 }), factor]),
      g.tensor(reals([1, 7, 1, 1], 3)),
    ]);
    g.output(g.op('ConvInteger', [codes, weight, zero]), 'sums');
    const types = await check(g.output(real, 'y').model(), { x: reals([2, 4, 5, 5], 4) });
    expect(types.filter((type) => type !== 'Transpose')).toEqual(['DynamicQuantizeLinear', 'Int8Conv', 'Int8Conv']);
  });

  test("com.microsoft's DynamicQuantizeMatMul and MatMulIntegerToFloat", async () => {
    const g = new Quantized();
    const x = g.input('x', 'float32', ['n', 5, 12]);
    const ms = (op: string, inputs: readonly (Value | undefined)[]) =>
      g.op(op, inputs, {}, { domain: 'com.microsoft' });
    const weight = g.tensor(integers('uint8', [12, 7], 2, 0, 255));
    const zero = g.constant(120, 'uint8');
    const a = ms('DynamicQuantizeMatMul', [x, weight, g.scale(0.01), zero, g.tensor(reals([7], 3))]);
    const [codes, scale, xZero] = g.ops('DynamicQuantizeLinear', [a], {}, { outputs: 3 }) as [Value, Value, Value];
    const second = g.tensor(integers('int8', [7, 3], 2, -127, 127));
    const b = ms('MatMulIntegerToFloat', [codes, second, scale, g.scale([0.01, 0.02, 0.03]), xZero]);
    const types = await check(g.output(b, 'y').model(), { x: reals([2, 5, 12], 4) });
    expect(types).toEqual(['DynamicQuantizeLinear', 'Int8Linear', 'DynamicQuantizeLinear', 'Int8Linear']);
  });
});

describe('weights in blocks', () => {
  test.each(['int4', 'uint4', 'int8', 'uint8'] as const)('MatMul by %s blocks is MatMulNBits', async (dtype) => {
    for (const withZeros of [false, true]) {
      const g = new Quantized();
      const x = g.input('x', 'float32', ['n', 48]);
      const [low, high] = { int4: [-8, 7], uint4: [0, 15], int8: [-128, 127], uint8: [0, 255] }[dtype] as [
        number,
        number,
      ];
      const codes = g.tensor(integers(dtype, [48, 6], 2, low, high));
      const blockScales = g.tensor(reals([3, 6], 3, 0.1));
      const zeros = withZeros ? [g.tensor(integers(dtype, [3, 6], 4, low, high))] : [];
      const w = g.op('DequantizeLinear', [codes, blockScales, ...zeros], { axis: 0, block_size: 16 });
      const types = await check(g.output(g.op('MatMul', [x, w]), 'y').model(), { x: reals([4, 48], 5) });
      expect(types).toEqual(['MatMulNBits']);
    }
  });

  test('a weight of codes alone is a constant of floats', async () => {
    const g = new Quantized();
    const x = g.input('x', 'float32', ['n', 12]);
    const types = await check(g.output(g.op('MatMul', [x, g.layerWeight([12, 7], 1, 2)]), 'y').model(), {
      x: reals([4, 12], 5),
    });
    expect(types).toEqual(['Linear']);
  });
});
