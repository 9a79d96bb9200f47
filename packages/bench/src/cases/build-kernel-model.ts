import { GraphBuilder, Tensor, type Value } from '@gossamer/graph';
import { serializeModel } from '@gossamer/graph/onnx';
import type { Feeds } from '@gossamer/runtime';
import { type SeededRandom, seededRandom } from '../seeded-random.js';
import type { KernelCase } from './kernel-case.js';
import { maskRow, parseMask, sparsityOf } from './mask.js';

/** A model with what to feed it. */
export interface RunnableModel {
  /** The bytes of an ONNX file, or its path. */
  readonly source: Uint8Array | string;
  readonly feeds: Feeds;
}

/** A case as models. */
export interface KernelModels {
  readonly work: RunnableModel;
  /** Identity on the case's output: as many inputs and outputs, the same bytes out, nothing to compute. What a call costs. */
  readonly call: RunnableModel;
  /** Share of zeros in the weights. */
  readonly sparsity: number;
}

/** Of quantized activations: the middle, as after a layer without ReLU. */
const ZERO_POINT = 128;
const OPSET = 21;

/** Builds the ONNX model of a case, with random weights and activations that the seed decides. */
export function buildKernelModels(kernelCase: KernelCase, seed = 0): KernelModels {
  const random = seededRandom(seed);
  const builder = new GraphBuilder(kernelCase.name, { opset: OPSET, irVersion: 10, domains: { 'com.microsoft': 1 } });
  const { kind, m, n, k } = kernelCase;
  const input = inputTensor(kind, m, k, random);
  const x = builder.input('x', input.dtype, [m, k]);
  const zeros: number[] = [];
  let y: Value = x;
  for (let layer = 0; layer < kernelCase.repeat; layer++) {
    const built = LAYERS[kind](builder, y, kernelCase, random);
    zeros.push(built.sparsity);
    y = built.y;
  }
  const dtype = kind.startsWith('int32') ? 'int32' : input.dtype;
  const model = builder.output(y, 'y', dtype, [m, n]).model();
  return {
    work: { source: serializeModel(model), feeds: { x: input } },
    call: callModel(dtype, m, n),
    sparsity: zeros.reduce((sum, share) => sum + share, 0) / zeros.length,
  };
}

function callModel(dtype: 'int32' | 'float32' | 'uint8' | 'int8', m: number, n: number): RunnableModel {
  const builder = new GraphBuilder('call', { opset: OPSET, irVersion: 10 });
  const y = builder.op('Identity', [builder.input('x', dtype, [m, n])]);
  const source = serializeModel(builder.output(y, 'y', dtype, [m, n]).model());
  return { source, feeds: { x: Tensor.fromNumbers(dtype, [m, n], new Float64Array(m * n)) } };
}

function inputTensor(kind: KernelCase['kind'], m: number, k: number, random: SeededRandom) {
  if (kind === 'int32' || kind === 'quantized') {
    return typed(
      'uint8',
      [m, k],
      Uint8Array.from({ length: m * k }, () => random.integer(256)),
    );
  }
  if (kind === 'int32-s8s8') {
    return typed(
      'int8',
      [m, k],
      Int8Array.from({ length: m * k }, () => random.integer(255) - 127),
    );
  }
  return typed(
    'float32',
    [m, k],
    Float32Array.from({ length: m * k }, () => random.normal()),
  );
}

/** Like Tensor.of, with the dtype kept in the type. */
function typed<D extends 'uint8' | 'int8' | 'float32'>(
  dtype: D,
  dims: number[],
  data: Uint8Array | Int8Array | Float32Array,
) {
  return Tensor.of(dtype, dims, data) as Tensor & { readonly dtype: D };
}

interface Layer {
  readonly y: Value;
  readonly sparsity: number;
}

type BuildLayer = (g: GraphBuilder, x: Value, kernelCase: KernelCase, random: SeededRandom) => Layer;

const LAYERS: Readonly<Record<KernelCase['kind'], BuildLayer>> = {
  int32: (g, x, c, random) => integerLayer(g, x, c, random, scalar(g, 'uint8', ZERO_POINT)),
  'int32-s8s8': (g, x, c, random) => integerLayer(g, x, c, random, scalar(g, 'int8', 0)),
  quantized: quantizedLayer,
  dynamic: dynamicLayer,
  float: floatLayer,
  nbits: nbitsLayer,
};

const scalar = (g: GraphBuilder, dtype: 'uint8' | 'int8' | 'float32', value: number) => g.constant(value, dtype, []);

function integerLayer(g: GraphBuilder, x: Value, c: KernelCase, random: SeededRandom, zeroPoint: Value): Layer {
  const { w, sparsity } = int8Weight(g, c, random);
  return { y: g.op('MatMulInteger', [x, w, zeroPoint, scalar(g, 'int8', 0)]), sparsity };
}

/** Scales are such that outputs fill the 8 bits about as far as inputs do: no chain dies out or saturates. */
function quantizedLayer(g: GraphBuilder, x: Value, c: KernelCase, random: SeededRandom): Layer {
  const { w, sparsity } = int8Weight(g, c, random);
  const gain = 1 / (73 * Math.sqrt(c.k * Math.max(1 - sparsity, 1 / c.k)));
  const scales = Array.from({ length: c.n }, () => gain * random.between(0.8, 1.2));
  const zeroPoint = () => scalar(g, 'uint8', ZERO_POINT);
  const one = () => scalar(g, 'float32', 1);
  const wZero = g.constant(new Array<number>(c.n).fill(0), 'int8');
  const inputs = [x, one(), zeroPoint(), w, g.constant(scales, 'float32'), wZero, one(), zeroPoint()];
  return { y: g.op('QLinearMatMul', inputs), sparsity };
}

/** As quantize writes dynamic quantization; ONNX Runtime fuses it into DynamicQuantizeMatMul. */
function dynamicLayer(g: GraphBuilder, x: Value, c: KernelCase, random: SeededRandom): Layer {
  const { w, sparsity } = int8Weight(g, c, random);
  const [codes, scale, zeroPoint] = g.ops('DynamicQuantizeLinear', [x], {}, { outputs: 3 }) as [Value, Value, Value];
  const product = g.op('MatMulInteger', [codes, w, zeroPoint, scalar(g, 'int8', 0)]);
  const wScale = scalar(g, 'float32', 1 / (73 * Math.sqrt(c.k * Math.max(1 - sparsity, 1 / c.k))));
  const y = g.op('Mul', [g.op('Cast', [product], { to: 1 }), g.op('Mul', [scale, wScale])]);
  return { y, sparsity };
}

function floatLayer(g: GraphBuilder, x: Value, c: KernelCase, random: SeededRandom): Layer {
  const { k, n } = c;
  const mask = parseMask(c.mask);
  const deviation = 1 / Math.sqrt(k * (1 - mask.sparsity));
  const data = new Float32Array(k * n);
  const row = new Float32Array(k);
  for (let output = 0; output < n; output++) {
    for (let i = 0; i < k; i++) row[i] = (random.next() + random.next() - 1) * 2.449 * deviation;
    maskRow(row, mask, random);
    for (let i = 0; i < k; i++) data[i * n + output] = row[i]!;
  }
  return { y: g.op('MatMul', [x, g.weight('w', [k, n], data)]), sparsity: sparsityOf(data) };
}

function nbitsLayer(g: GraphBuilder, x: Value, c: KernelCase, random: SeededRandom): Layer {
  const blockSize = c.blockSize!;
  const blocks = Math.ceil(c.k / blockSize);
  const codes = new Uint8Array(c.n * blocks * (blockSize / 2));
  for (let i = 0; i < codes.length; i++) codes[i] = random.integer(256);
  // Codes 0 to 15 around 8 have a deviation of 4.6.
  const scales = Float32Array.from({ length: c.n * blocks }, () => random.between(0.8, 1.2) / (4.6 * Math.sqrt(c.k)));
  const w = g.graph.addInitializer('w', Tensor.of('uint8', [c.n, blocks, blockSize / 2], codes));
  const inputs = [x, w, g.weight('scales', [c.n * blocks], scales)];
  const attributes = { K: c.k, N: c.n, bits: 4, block_size: blockSize, accuracy_level: 4 };
  return { y: g.op('MatMulNBits', inputs, attributes, { domain: 'com.microsoft' }), sparsity: 0 };
}

/** [k, n], codes from -127 to 127 with the mask along k. */
function int8Weight(g: GraphBuilder, c: KernelCase, random: SeededRandom): { w: Value; sparsity: number } {
  const { k, n } = c;
  const mask = parseMask(c.mask);
  const data = new Int8Array(k * n);
  const row = new Int8Array(k);
  for (let output = 0; output < n; output++) {
    // No zeros but the mask's: the others would count as sparsity.
    for (let i = 0; i < k; i++) row[i] = random.integer(254) - 127 || 127;
    maskRow(row, mask, random);
    for (let i = 0; i < k; i++) data[i * n + output] = row[i]!;
  }
  return { w: g.graph.addInitializer('w', Tensor.of('int8', [k, n], data)), sparsity: sparsityOf(data) };
}
