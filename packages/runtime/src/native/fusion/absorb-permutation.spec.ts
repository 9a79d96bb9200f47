import { GraphBuilder, type Model, Tensor, type Value } from '@gossamer/graph';
import type { Capabilities } from '../compilation.js';
import { compileModel } from '../compile-model.js';
import { NativeProgram, nativeCapabilities } from '../open-native.js';
import { compileAndRun } from '../testing/compile-and-run.js';
import { ALL_OPERATORS } from '../testing/reference-builder.js';

type Feeds = Readonly<Record<string, Tensor>>;
type Predict = NonNullable<Capabilities['predictInt8']>;

/** Numbers that repeat late, in [0, 1). */
function random(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const count = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const reals = (dims: readonly number[], seed: number) =>
  Tensor.of(
    'float32',
    dims,
    Float32Array.from({ length: count(dims) }, random(seed)).map((v) => v * 2 - 1),
  );

/** Each output keeps another share of its weights, between a twentieth and a third. */
function sparse(dims: readonly number[], axis: number, seed: number): Tensor {
  const next = random(seed);
  const inner = count(dims.slice(axis + 1));
  const codes = Int8Array.from({ length: count(dims) }, (_, i) => {
    const output = Math.floor(i / inner) % dims[axis]!;
    return next() < 0.05 + ((output * 7) % dims[axis]!) / (3.5 * dims[axis]!) ? Math.floor(next() * 200) - 100 || 1 : 0;
  });
  return Tensor.of('int8', dims, codes);
}

class Quantized extends GraphBuilder {
  constructor() {
    super('net', { opset: 21 });
  }

  requantized(value: Value, scale: number): Value {
    const parameters = [this.constant(scale, 'float32'), this.constant(100, 'uint8')];
    return this.op('DequantizeLinear', [this.op('QuantizeLinear', [value, ...parameters]), ...parameters]);
  }

  layerWeight(dims: readonly number[], axis: number, seed: number): Value {
    const scales = Array.from({ length: dims[axis]! }, (_, i) => (1 + (i % 5)) / 2048);
    const codes = this.graph.addInitializer('w', sparse(dims, axis, seed));
    return this.op('DequantizeLinear', [codes, this.constant(scales, 'float32')], { axis });
  }

  row(channels: number, seed: number): Value {
    return this.graph.addInitializer('row', reals([channels], seed));
  }

  conv(x: Value, dims: readonly number[], seed: number, attributes: Record<string, number | number[]> = {}): Value {
    const pads = [1, 1, 1, 1].map((p) => (dims[2] === 3 ? p : 0));
    const inputs = [x, this.layerWeight(dims, 0, seed), this.row(dims[0]!, seed + 1)];
    return this.requantized(this.op('Relu', [this.op('Conv', inputs, { pads, ...attributes })]), 0.05);
  }
}

const IMAGE = { x: reals([2, 16, 5, 6], 1) };

/** Convolutions with what `middle` puts between the first and what reads it. */
function convolutions(
  middle: (g: Quantized, value: Value) => Value,
  last?: (g: Quantized, value: Value) => void,
): Model {
  const g = new Quantized();
  const x = g.requantized(g.input('x', 'float32', ['n', 16, 5, 6]), 0.02);
  const value = middle(g, g.conv(x, [40, 16, 3, 3], 3));
  last?.(g, value);
  return g.output(g.conv(value, [16, 40, 3, 3], 5), 'y').model();
}

const same: Predict = () => 1000;
/** As if every order of channels broke a consumer's pattern. */
const structured: Predict = (_w, _layout, order) => (order ? 2000 : 1000);

/** What the pass did, after checking that it does not show. */
async function remarksOf(model: Model, feeds: Feeds = IMAGE, predict = same): Promise<readonly string[]> {
  const plain = await compileAndRun(model, feeds);
  const ordered = await compileAndRun(model, feeds, ALL_OPERATORS, predict);
  expect(plain.remarks).toEqual([]);
  expect(ordered.types).toEqual(plain.types);
  for (const [name, tensor] of Object.entries(plain.outputs)) {
    expect(tensor.toFloat64().some((v) => v !== tensor.toFloat64()[0])).toBe(true);
    expect(Buffer.compare(ordered.outputs[name]!.bytes(), tensor.bytes())).toBe(0);
  }
  return ordered.remarks;
}

const through = (g: Quantized, value: Value) => value;

describe('absorbPermutation', () => {
  test('the next convolution reads all its taps in the order', async () => {
    expect(await remarksOf(convolutions(through))).toEqual([expect.stringContaining('order absorbed by')]);
  });

  test.each([
    ['a maximum pool', (g: Quantized, v: Value) => g.op('MaxPool', [v], { kernel_shape: [2, 2] })],
    ['a table', (g: Quantized, v: Value) => g.requantized(g.op('Sigmoid', [v]), 0.004)],
    ['a depthwise convolution', (g: Quantized, v: Value) => g.conv(v, [40, 1, 3, 3], 7, { group: 40 })],
    [
      'floats: a product with a row, a sum with a number',
      (g: Quantized, v: Value) => {
        const row = g.graph.addInitializer('factors', reals([1, 40, 1, 1], 11));
        return g.requantized(g.op('Add', [g.op('Mul', [v, row]), g.constant(0.5, 'float32')]), 0.05);
      },
    ],
  ])('through %s', async (_name, middle) => {
    expect(await remarksOf(convolutions(middle))).toHaveLength(1);
  });

  test('two consumers, one of which strides', async () => {
    const model = convolutions(through, (g, value) => {
      g.output(g.conv(value, [8, 40, 1, 1], 9, { strides: [2, 2] }), 'z');
    });
    expect(await remarksOf(model)).toEqual([expect.stringMatching(/absorbed by .+, .+/)]);
  });

  test('linear layers whose activations are quantized when they run', async () => {
    const g = new Quantized();
    const quantizedProduct = (x: Value, dims: readonly [number, number], seed: number) => {
      const [codes, scale, zero] = g.ops('DynamicQuantizeLinear', [x], {}, { outputs: 3 });
      const w = g.graph.addInitializer('w', sparse(dims, 1, seed));
      const sums = g.op('Cast', [g.op('MatMulInteger', [codes!, w, zero!])], { to: 1 });
      const scales = Array.from({ length: dims[1] }, (_, i) => (1 + (i % 3)) / 512);
      return g.op('Add', [
        g.op('Mul', [sums, g.op('Mul', [scale!, g.constant(scales, 'float32')])]),
        g.row(dims[1], seed),
      ]);
    };
    const up = g.op('Gelu', [quantizedProduct(g.input('x', 'float32', ['n', 24]), [24, 96], 3)]);
    const model = g.output(quantizedProduct(up, [96, 24], 5), 'y').model();
    expect(await remarksOf(model, { x: reals([7, 24], 2) })).toHaveLength(1);
  });

  test.each([
    [
      'a grouped convolution',
      convolutions(through, (g, v) => g.output(g.conv(v, [8, 20, 1, 1], 9, { group: 2 }), 'z')),
    ],
    ['an output of the graph', convolutions(through, (g, v) => g.output(v, 'z'))],
    [
      'a sum with another layer',
      convolutions((g, v) => g.requantized(g.op('Add', [v, g.conv(v, [40, 40, 1, 1], 7)]), 0.1)),
    ],
    ['a softmax over channels', convolutions((g, v) => g.requantized(g.op('Softmax', [v], { axis: 1 }), 0.01))],
  ])('%s keeps the order that a model has', async (_name, model) => {
    expect(await remarksOf(model)).toEqual([]);
  });

  test('a consumer whose pattern would break keeps its channels', async () => {
    expect(await remarksOf(convolutions(through), IMAGE, structured)).toEqual([]);
  });

  test('on the engine, with its own costs, a whole program gives the same bytes', async () => {
    const model = convolutions((g, v) => g.conv(v, [40, 40, 3, 3], 13));
    const capable = nativeCapabilities();
    const programs = [{ operators: capable.operators }, capable].map(
      (capabilities) => new NativeProgram(compileModel(model, { capabilities }), model),
    );
    const [plain, ordered] = await Promise.all(
      programs.map((program) => program.run(IMAGE, ['y'], { threads: 1, signal: undefined })),
    );
    expect(programs[1]!.notes().some(({ note }) => note.includes('order absorbed by'))).toBe(true);
    expect(Buffer.compare(ordered!['y']!.bytes(), plain!['y']!.bytes())).toBe(0);
  });
});
