import type { Value } from '@gossamer/graph';
import {
  type Bounded,
  type Bounds,
  dotBounds,
  KERNEL,
  productBounds,
  smoothBounds,
  sumBounds,
  UNIT,
} from './bounded.js';
import type { Step } from './net.js';

const size = (x: Bounded, axis: number) => x.dims.at(axis) as number;

/** Convolution of an image, plain, grouped or depthwise, with or without a bias. */
const convolution: Step = (net, x) => {
  if (x.dims.length !== 4) return undefined;
  const [channels, height, width] = [size(x, 1), size(x, 2), size(x, 3)];
  const kernel = Math.min(height, width) >= 3 ? net.random.pick([1, 3]) : 1;
  const pad = net.random.integer(2) === 0 ? 0 : (kernel - 1) / 2;
  const group = net.random.pick([1, 1, channels]);
  const outputs = group === 1 ? 1 + net.random.integer(5) : channels;
  const weight = net.weight([outputs, channels / group, kernel, kernel]);
  const bias = net.random.integer(2) === 0 ? net.weight([outputs]) : undefined;
  const attributes = { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad], group };
  const value = net.op('Conv', [x.value, weight.value, ...(bias ? [bias.value] : [])], attributes);
  const product = dotBounds(x, (channels / group) * kernel ** 2, 1);
  const shrink = 2 * pad - kernel + 1;
  return {
    value,
    dims: ['n', outputs, height + shrink, width + shrink],
    ...(bias ? sumBounds(product, bias) : product),
  };
};

const transposedConvolution: Step = (net, x) => {
  if (x.dims.length !== 4) return undefined;
  const [channels, outputs] = [size(x, 1), 1 + net.random.integer(4)];
  const weight = net.weight([channels, outputs, 2, 2]);
  const value = net.op('ConvTranspose', [x.value, weight.value], { kernel_shape: [2, 2], strides: [2, 2] });
  const dims = ['n', outputs, 2 * size(x, 2), 2 * size(x, 3)] as const;
  if (size(x, 2) > 12) return undefined;
  return { value, dims, ...dotBounds(x, channels, 1) };
};

const batchNormalization: Step = (net, x) => {
  const channels = size(x, 1);
  const parameter = (low: number, high: number) => net.weight([channels], low, high).value;
  const inputs = [x.value, parameter(0.5, 1.5), parameter(-1, 1), parameter(-1, 1), parameter(0.5, 2)];
  // Scale over deviation is at most 1.5 / sqrt(0.5).
  const slope = 1.5 * Math.SQRT2;
  const bounds = smoothBounds(x, slope, slope * (x.magnitude + 1) + 1);
  return { value: net.op('BatchNormalization', inputs), dims: x.dims, ...bounds };
};

const channelwise: Step = (net, x) => {
  const c = net.weight(
    x.dims.map((dim, axis) => (axis === 1 ? (dim as number) : 1)),
    0.5,
    2,
  );
  const isProduct = net.random.integer(2) === 0;
  const value = net.op(isProduct ? 'Mul' : 'Add', [x.value, c.value]);
  return { value, dims: x.dims, ...(isProduct ? productBounds(x, c) : sumBounds(x, c)) };
};

/** A convolution or product with what exporters leave around it. */
const chain: Step = (net, x) => {
  const before = net.random.integer(4) === 0 ? batchNormalization(net, x) : x;
  let value =
    before && (x.dims.length === 4 ? net.random.pick([convolution, transposedConvolution]) : linear)(net, before);
  for (let length = net.random.integer(4); value && length > 0; length--) {
    // Now and then somebody else reads what lies between: then nothing may be fused.
    if (net.random.integer(5) === 0) net.keep(value);
    value = net.random.pick([batchNormalization, channelwise])(net, value);
  }
  return value;
};

/** MatMul on the last axis, with or without a bias; for matrices also Gemm. */
const linear: Step = (net, x) => {
  const [input, output] = [size(x, -1), 1 + net.random.integer(8)];
  const dims = [...x.dims.slice(0, -1), output];
  const bias = net.weight([output]);
  if (x.dims.length === 2 && net.random.integer(2) === 0) {
    const value = net.op('Gemm', [x.value, net.weight([output, input]).value, bias.value], { transB: 1 });
    return { value, dims, ...sumBounds(dotBounds(x, input, 1), bias) };
  }
  const product = { value: net.op('MatMul', [x.value, net.weight([input, output]).value]), ...dotBounds(x, input, 1) };
  if (net.random.integer(3) === 0) return { ...product, dims };
  const pair = net.random.integer(2) === 0 ? [product.value, bias.value] : [bias.value, product.value];
  return { value: net.op('Add', pair), dims, ...sumBounds(product, bias) };
};

/** LayerNormalization over the last axis in pieces. */
const layerNormalization: Step = (net, x) => {
  const width = size(x, -1);
  if (width < 2) return undefined;
  const epsilon = 0.05;
  const mean = (value: Value) => net.listed('ReduceMean', 18, 'axes', value, [x.dims.length - 1], { keepdims: 1 });
  const centred = net.op('Sub', [x.value, mean(x.value)]);
  const square = net.random.pick([
    () => net.op('Pow', [centred, net.scalar(2).value]),
    () => net.op('Mul', [centred, centred]),
  ])();
  const deviation = net.op('Sqrt', [net.op('Add', [mean(square), net.scalar(epsilon).value])]);
  const [scale, shift] = [net.weight([width], 0.5, 1.5), net.weight([width])];
  const normal = net.op('Div', [centred, deviation]);
  const value = net.op('Add', [net.op('Mul', [normal, scale.value]), shift.value]);
  // The Jacobian is (1/deviation)(I - 1/w - y·y'/w): its rows sum to (2 + sqrt(w)) / deviation at most.
  const slope = (1.5 * (2 + Math.sqrt(width))) / Math.sqrt(epsilon);
  const inner = { magnitude: x.magnitude, error: x.error + 2 * (width + 4) * UNIT * x.magnitude };
  return { value, dims: x.dims, ...smoothBounds({ ...inner, magnitude: 0 }, slope, 1.5 * Math.sqrt(width) + 1, 2) };
};

/** GELU in pieces: with erf, or with tanh. */
const gelu: Step = (net, x) => {
  if (net.opset < 9) return undefined;
  const { value: v } = x;
  const half = net.scalar(0.5).value;
  const one = net.scalar(1).value;
  const erf = () => net.op('Erf', [net.op('Div', [v, net.scalar(Math.SQRT2).value])]);
  const tanh = () => {
    const cube = net.op('Mul', [net.op('Pow', [v, net.scalar(3).value]), net.scalar(0.044715).value]);
    return net.op('Tanh', [net.op('Mul', [net.op('Add', [v, cube]), net.scalar(Math.sqrt(2 / Math.PI)).value])]);
  };
  const gate = net.op('Add', [net.random.pick([erf, tanh])(), one]);
  const value = net.random.pick([
    () => net.op('Mul', [net.op('Mul', [v, gate]), half]),
    () => net.op('Mul', [v, net.op('Mul', [half, gate])]),
    () => net.op('Mul', [net.op('Mul', [half, v]), gate]),
  ])();
  return { value, dims: x.dims, ...smoothBounds(x, 1.13, x.magnitude, 4) };
};

const swish: Step = (net, x) => {
  const value = net.op('Mul', [x.value, net.op('Sigmoid', [x.value])]);
  return { value, dims: x.dims, ...smoothBounds(x, 1.1, x.magnitude, 2) };
};

const softmaxBounds = (x: Bounds, width: number): Bounds => ({
  magnitude: 1,
  error: x.error + (2 * x.magnitude + width) * UNIT + KERNEL,
});

const softmax: Step = (net, x) => {
  const value = net.op('Softmax', [x.value], { axis: x.dims.length - 1 });
  return { value, dims: x.dims, ...softmaxBounds(x, size(x, -1)) };
};

/** Attention of two heads, as exporters write it. */
const attention: Step = (net, x) => {
  if (x.dims.length !== 3 || size(x, 2) % 2 !== 0) return undefined;
  const [tokens, width] = [size(x, 1), size(x, 2)];
  const head = width / 2;
  const weight = () => net.weight([width, width], -0.3, 0.3).value;
  const part = dotBounds(x, width, 0.3);
  const split = (perm: readonly number[]) => {
    const heads = net.reshape(net.op('MatMul', [x.value, weight()]), [0, tokens, 2, head]);
    return net.op('Transpose', [heads], { perm });
  };
  const raw = net.op('MatMul', [split([0, 2, 1, 3]), split([0, 2, 3, 1])]);
  const products = productBounds(part, part);
  const magnitude = head * products.magnitude;
  const scores = { magnitude, error: head * products.error + (head + 1) * UNIT * magnitude };
  const root = net.scalar(Math.sqrt(head)).value;
  const scaled = { magnitude: scores.magnitude, error: scores.error + 2 * UNIT * magnitude };
  const weights = net.op('Softmax', [net.op('Div', [raw, root])], { axis: 3 });
  const error = softmaxBounds(scaled, tokens).error;
  const mixed = net.op('Transpose', [net.op('MatMul', [weights, split([0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
  const value = net.reshape(mixed, [0, tokens, width]);
  const total = part.error + tokens * part.magnitude * error + (tokens + 2) * UNIT * part.magnitude;
  return { value, dims: x.dims, magnitude: part.magnitude, error: total };
};

const pooling: Step = (net, x) => {
  if (x.dims.length !== 4 || size(x, 2) < 2 || size(x, 3) < 2) return undefined;
  const dims = [...x.dims.slice(0, 2), size(x, 2) - 1, size(x, 3) - 1];
  const attributes = { kernel_shape: [2, 2] };
  const value = net.op(net.random.pick(['MaxPool', 'AveragePool']), [x.value], attributes);
  return { value, dims, magnitude: x.magnitude, error: x.error + 5 * UNIT * x.magnitude };
};

const globalPooling: Step = (net, x) => {
  if (x.dims.length !== 4) return undefined;
  const error = x.error + (size(x, 2) * size(x, 3) + 1) * UNIT * x.magnitude;
  const dims = [...x.dims.slice(0, 2), 1, 1];
  return { value: net.op('GlobalAveragePool', [x.value]), dims, magnitude: x.magnitude, error };
};

/** Steps that stand for layers: what fusions look for, and what they must leave alone. */
export const layerSteps: readonly Step[] = [
  chain,
  chain,
  linear,
  batchNormalization,
  layerNormalization,
  gelu,
  swish,
  softmax,
  attention,
  pooling,
  globalPooling,
];
