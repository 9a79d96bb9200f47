import { type BinaryRule, binary, unary, type UnaryRule } from '../elementwise.js';
import type { DType } from '../../dtype.js';
import { roundHalfEven } from '../../ir/small-float.js';
import type { Node } from '../../ir/node.js';
import type { EvalTensor } from '../eval-value.js';
import { defineKernel, isBig, type Kernel, type KernelCall } from '../kernel.js';
import { reshape } from '../strided.js';

/** erf by a series of positive terms, which loses nothing to cancellation. Source: DLMF 7.6.2. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  // 1 - erf(6) < 2^-54.
  if (z > 6) return Math.sign(x);
  let term = z;
  let sum = z;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * Math.min(1, (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum);
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
export const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

/** Elementwise functions without attributes. NaN goes through unless said otherwise. */
const PLAIN: Readonly<Record<string, UnaryRule>> = {
  Abs: { number: Math.abs, bigint: (x) => (x < 0n ? -x : x) },
  Neg: { number: (x) => -x, bigint: (x) => -x },
  Sign: { number: Math.sign, bigint: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n) },
  Ceil: { number: Math.ceil },
  Floor: { number: Math.floor },
  Round: { number: roundHalfEven },
  Sqrt: { number: Math.sqrt },
  Reciprocal: { number: (x) => 1 / x },
  Exp: { number: Math.exp },
  Log: { number: Math.log },
  Erf: { number: erf },
  Sin: { number: Math.sin },
  Cos: { number: Math.cos },
  Tan: { number: Math.tan },
  Asin: { number: Math.asin },
  Acos: { number: Math.acos },
  Atan: { number: Math.atan },
  Sinh: { number: Math.sinh },
  Cosh: { number: Math.cosh },
  Tanh: { number: Math.tanh },
  Asinh: { number: Math.asinh },
  Acosh: { number: Math.acosh },
  Atanh: { number: Math.atanh },
  Sigmoid: { number: sigmoid },
  Softplus: { number: softplus },
  Softsign: { number: (x) => x / (1 + Math.abs(x)) },
  HardSwish: { number: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)) },
  Mish: { number: (x) => x * Math.tanh(softplus(x)) },
  // Not Math.max, which would turn -0 into 0 and is slower.
  Relu: { number: (x) => (x < 0 ? 0 : x), bigint: (x) => (x < 0n ? 0n : x) },
};

/** Elementwise functions with attributes; defaults are the standard's, as float32. */
const WITH_ATTRIBUTES: Readonly<Record<string, (node: Node) => (x: number) => number>> = {
  LeakyRelu: (node) => {
    const alpha = node.float('alpha', Math.fround(0.01));
    return (x) => (x < 0 ? alpha * x : x);
  },
  Elu: (node) => {
    const alpha = node.float('alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  },
  Celu: (node) => {
    const alpha = node.float('alpha', 1);
    return (x) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
  },
  Selu: (node) => {
    const alpha = node.float('alpha', Math.fround(1.67326319217681884765625));
    const gamma = node.float('gamma', Math.fround(1.05070102214813232421875));
    return (x) => gamma * (x > 0 ? x : alpha * Math.expm1(x));
  },
  HardSigmoid: (node) => {
    const alpha = node.float('alpha', Math.fround(0.2));
    const beta = node.float('beta', 0.5);
    return (x) => Math.max(0, Math.min(1, alpha * x + beta));
  },
  ThresholdedRelu: (node) => {
    const alpha = node.float('alpha', 1);
    return (x) => (x > alpha ? x : 0);
  },
  Shrink: (node) => {
    const [bias, lambda] = [node.float('bias', 0), node.float('lambd', 0.5)];
    return (x) => (x < -lambda ? x + bias : x > lambda ? x - bias : 0);
  },
  Gelu: (node) => (node.string('approximate', 'none') === 'tanh' ? geluTanh : gelu),
  Swish: (node) => {
    const alpha = node.float('alpha', 1);
    return (x) => x * sigmoid(alpha * x);
  },
};

/** The largest finite number of each dtype: the bound of Clip where none is given, so that it turns infinities into those. */
const LARGEST: Partial<Record<DType, number>> = {
  float16: 65504,
  bfloat16: (2 - 2 ** -7) * 2 ** 127,
  float32: (2 - 2 ** -23) * 2 ** 127,
  float64: Number.MAX_VALUE,
};

/**
 * Clip: bounds are attributes before opset 11 (float32's largest numbers by default, whatever the dtype), optional inputs since (the
 * dtype's). A lower bound above the upper one gives the upper one.
 */
function clip(call: KernelCall): EvalTensor {
  const x = call.tensor(0);
  if (call.opset < 11) {
    const low = call.node.float('min', -LARGEST.float32!);
    const high = call.node.float('max', LARGEST.float32!);
    return unary(call, x, { number: (v) => bound(v, low, high) });
  }
  const largest = LARGEST[x.dtype];
  const low = call.optional(1)?.data[0] ?? (largest === undefined ? undefined : -largest);
  const high = call.optional(2)?.data[0] ?? largest;
  if (isBig(x.data)) {
    return unary(call, x, {
      number: () => NaN,
      bigint: (v) => bound(v, low as bigint | undefined, high as bigint | undefined),
    });
  }
  return unary(call, x, { number: (v) => bound(v, low as number | undefined, high as number | undefined) });
}

function bound<T extends number | bigint>(value: T, low: T | undefined, high: T | undefined): T {
  const raised = low !== undefined && value < low ? low : value;
  return high !== undefined && raised > high ? high : raised;
}

const PRELU: BinaryRule = {
  number: (x, slope) => (x < 0 ? x * slope : x),
  integer: (x, slope) => (x < 0 ? Math.imul(x, slope) : x),
  bigint: (x, slope) => (x < 0n ? x * slope : x),
};

/** A function of reals, over 64-bit integers too. */
function withAttributes(call: KernelCall, apply: (x: number) => number): EvalTensor {
  const x = call.tensor(0);
  return unary(call, x, { number: apply, bigint: (value) => BigInt(Math.trunc(apply(Number(value)))) });
}

/** Before opset 7 the slope is one number or one per channel (axis 1); since then it broadcasts. */
function prelu(call: KernelCall): EvalTensor {
  const [x, slope] = [call.tensor(0), call.tensor(1)];
  const perChannel = call.opset < 7 && slope.data.length > 1 && x.dims.length > 2;
  return binary(call, x, perChannel ? reshape(slope, [slope.data.length, ...x.dims.slice(2).fill(1)]) : slope, PRELU);
}

/** The gate through Swish, times the other input. */
function swiglu(call: KernelCall): EvalTensor {
  const alpha = call.node.float('alpha', 1);
  return binary(call, call.tensor(0), call.tensor(1), { number: (gate, x) => gate * sigmoid(alpha * gate) * x });
}

export const activation: readonly Kernel[] = [
  ...Object.entries(PLAIN).map(([op, rule]) =>
    defineKernel({ op, run: (call) => [unary(call, call.tensor(0), rule)] }),
  ),
  ...Object.entries(WITH_ATTRIBUTES).map(([op, make]) =>
    defineKernel({ op, run: (call) => [withAttributes(call, make(call.node))] }),
  ),
  defineKernel({ op: 'Clip', run: (call) => [clip(call)] }),
  defineKernel({ op: 'PRelu', run: (call) => [prelu(call)] }),
  defineKernel({ op: 'SwiGLU', run: (call) => [swiglu(call)] }),
];
