import type { EvalTensor } from '../eval-value.js';
import { elementCount } from '../../ir/tensor.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { sumOf } from '../rows.js';
import { broadcastDims, broadcastOffsets, permute } from '../strided.js';
import { sigmoid } from './activation.js';
import { channelsLast } from './channels-last.js';
import { centred, parameterOffsets, qLinearConv } from './integer-matmul.js';
import { multiply, productShape } from './matmul.js';
import { concat } from './move.js';
import { averagePool, maxPool } from './pool.js';
import { dynamicParameters, fakeQuantize, integerRange, quantizeValue } from './quantize-linear.js';
import { softmaxRow } from './softmax.js';
import { reduceRows, rowsAlong } from '../rows.js';

const domain = 'com.microsoft';

/** Codes at `at`, their scale at `at + 1` and (optional) zero point at `at + 2`, as the reals they stand for. */
function dequantized(call: KernelCall, at: number): EvalTensor {
  const [codes, scale] = [call.tensor(at), call.numbers(at + 1)[0]!];
  const zero = call.inputs[at + 2] ? call.numbers(at + 2)[0]! : 0;
  const reals = Float64Array.from(call.asNumbers(codes), (code) => (code - zero) * scale);
  return { kind: 'tensor', dtype: 'float64', dims: codes.dims, data: reals };
}

/** Reals to codes of `dtype` by the scale at `at` and the zero point at `at + 1`. */
function quantized(call: KernelCall, reals: EvalTensor, at: number, dtype: EvalTensor['dtype']): EvalTensor {
  const scale = call.numbers(at)[0]!;
  const zero = call.inputs[at + 1] ? call.numbers(at + 1)[0]! : 0;
  const [low, high] = integerRange(dtype);
  const codes = Float64Array.from(call.asNumbers(reals), (real) => quantizeValue(real / scale, zero, low, high));
  return call.result(dtype, reals.dims, codes);
}

/** Operators on codes whose result is the float operator's, quantized. */
function qLinear(op: string, inputs: number, compute: (call: KernelCall, reals: EvalTensor[]) => EvalTensor): Kernel {
  return defineKernel({
    op,
    domain,
    run: (call) => {
      const reals = Array.from({ length: inputs }, (_, i) => dequantized(call, 3 * i));
      return [quantized(call, compute(call, reals), 3 * inputs, call.tensor(0).dtype)];
    },
  });
}

function combine(call: KernelCall, a: EvalTensor, b: EvalTensor, apply: (a: number, b: number) => number): EvalTensor {
  const dims = broadcastDims(a.dims, b.dims);
  call.reserve(dims);
  const [ia, ib] = [broadcastOffsets(a.dims, dims), broadcastOffsets(b.dims, dims)];
  const [x, y] = [a.data as Float64Array, b.data as Float64Array];
  const data = Float64Array.from({ length: elementCount(dims) }, (_, i) =>
    apply(x[ia ? ia[i]! : i]!, y[ib ? ib[i]! : i]!),
  );
  return { ...a, dims, data };
}

const each = (x: EvalTensor, apply: (x: number) => number): EvalTensor => ({
  ...x,
  data: (x.data as Float64Array).map(apply),
});

/** The mean over the spatial axes, which lie in the middle with channels_last. */
function globalAverage(call: KernelCall, x: EvalTensor): EvalTensor {
  const last = call.node.int('channels_last', 0) === 1;
  const axes = x.dims.map((_, axis) => axis).filter((axis) => axis > 0 && axis !== (last ? x.dims.length - 1 : 1));
  const dims = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return reduceRows(call, x, axes, 'float64', dims, (row) => sumOf(row) / row.length);
}

function softmaxAlong(call: KernelCall, x: EvalTensor): EvalTensor {
  const axis = call.axis(call.node.int('axis', -1), x.dims.length);
  const axes = call.node.int('opset', 13) < 13 ? x.dims.map((_, i) => i).slice(axis) : [axis];
  const { starts, inside } = rowsAlong(x.dims, axes);
  const data = Float64Array.from(x.data as Float64Array);
  for (const start of starts) {
    const row = Float64Array.from(inside, (offset) => data[start + offset]!);
    softmaxRow(row);
    row.forEach((value, i) => (data[start + inside[i]!] = value));
  }
  return { ...x, data };
}

/** Output scale and zero point first, then a triple for each part. */
function qLinearConcat(call: KernelCall): EvalTensor {
  const parts = Array.from({ length: (call.inputs.length - 2) / 3 }, (_, i) => dequantized(call, 2 + 3 * i));
  const joined = concat(call, parts, call.axis(call.node.int('axis', 0), parts[0]!.dims.length));
  return quantized(call, joined, 0, call.tensor(2).dtype);
}

/** The condition, then a triple for each branch, then output scale and zero point. */
function qLinearWhere(call: KernelCall): EvalTensor {
  const condition = call.tensor(0);
  const [x, y] = [dequantized(call, 1), dequantized(call, 4)];
  const dims = broadcastDims(condition.dims, x.dims, y.dims);
  call.reserve(dims);
  const [ic, ix, iy] = [condition, x, y].map((input) => broadcastOffsets(input.dims, dims));
  const data = Float64Array.from({ length: elementCount(dims) }, (_, i) =>
    condition.data[ic ? ic[i]! : i] ? (x.data[ix ? ix[i]! : i] as number) : (y.data[iy ? iy[i]! : i] as number),
  );
  return quantized(call, { ...x, dims, data }, 7, call.tensor(1).dtype);
}

/** alpha A' B' + C on codes: int32 C has scale aScale * bScale; without output parameters the result is float32. */
function qGemm(call: KernelCall): EvalTensor {
  const { node } = call;
  const flip = (x: EvalTensor, name: string) => (node.int(name, 0) ? permute(call, x, [1, 0]) : x);
  const [a, b] = [flip(call.tensor(0), 'transA'), flip(call.tensor(3), 'transB')];
  const shape = productShape(call, a.dims, b.dims);
  const sums = new Float64Array(elementCount(shape.dims));
  multiply(call, shape, centred(call, a, call.tensor(2), 0), centred(call, b, call.tensor(5), 1), sums);
  const bias = call.optional(6);
  const offsets = bias && broadcastOffsets(bias.dims, shape.dims);
  const scales = productScales(call, shape.dims, call.tensor(1), call.tensor(4), node.float('alpha', 1));
  const reals = sums.map((sum, i) => (sum + (bias ? (bias.data[offsets ? offsets[i]! : i] as number) : 0)) * scales(i));
  if (!call.inputs[7]) return call.result('float32', shape.dims, reals);
  const real: EvalTensor = { kind: 'tensor', dtype: 'float64', dims: shape.dims, data: reals };
  return quantized(call, real, 7, call.inputs[8] ? call.tensor(8).dtype : 'uint8');
}

/** aScale * bScale for each element of a product, either per tensor or (b) per column. */
function productScales(
  call: KernelCall,
  dims: readonly number[],
  aScale: EvalTensor,
  bScale: EvalTensor,
  factor = 1,
): (element: number) => number {
  const [a, b] = [call.asNumbers(aScale), call.asNumbers(bScale)];
  const ofB = parameterOffsets(call, dims, bScale, dims.length - 1);
  return (element) => factor * a[0]! * b[ofB ? ofB[element]! : 0]!;
}

/** Integer product to float, with scales and an optional bias [n]. */
function toFloat(
  call: KernelCall,
  a: Float64Array,
  aDims: readonly number[],
  b: EvalTensor,
  bZero: EvalTensor | undefined,
  scales: (dims: readonly number[]) => (i: number) => number,
  bias: EvalTensor | undefined,
): EvalTensor {
  const shape = productShape(call, aDims, b.dims);
  const sums = new Float64Array(elementCount(shape.dims));
  multiply(call, shape, a, centred(call, b, bZero, b.dims.length - 1), sums);
  const scale = scales(shape.dims);
  const addends = bias && call.asNumbers(bias);
  return call.result(
    'float32',
    shape.dims,
    sums.map((sum, i) => sum * scale(i) + (addends ? addends[i % shape.n]! : 0)),
  );
}

function matMulIntegerToFloat(call: KernelCall): EvalTensor {
  const [a, b] = [call.tensor(0), call.tensor(1)];
  const left = centred(call, a, call.optional(4), a.dims.length - 2);
  const scales = (dims: readonly number[]) => productScales(call, dims, call.tensor(2), call.tensor(3));
  return toFloat(call, left, a.dims, b, call.optional(5), scales, call.optional(6));
}

/** DynamicQuantizeLinear of A, then MatMulIntegerToFloat. */
function dynamicQuantizeMatMul(call: KernelCall): EvalTensor {
  const [a, b, bScale] = [call.tensor(0), call.tensor(1), call.tensor(2)];
  const data = call.asNumbers(a);
  const parameters = dynamicParameters(data, call.precision);
  const left = fakeQuantize(data, parameters, call.precision).map((real) => real / (parameters.scale || 1));
  const scalar = call.result('float32', [], [parameters.scale]);
  const scales = (dims: readonly number[]) => productScales(call, dims, scalar, bScale);
  return toFloat(call, left, a.dims, b, call.optional(3), scales, call.optional(4));
}

export const microsoftQLinear: readonly Kernel[] = [
  qLinear('QLinearAdd', 2, (call, [a, b]) => combine(call, a!, b!, (x, y) => x + y)),
  qLinear('QLinearMul', 2, (call, [a, b]) => combine(call, a!, b!, (x, y) => x * y)),
  qLinear('QLinearSigmoid', 1, (_, [x]) => each(x!, sigmoid)),
  qLinear('QLinearLeakyRelu', 1, ({ node }, [x]) => {
    const alpha = node.float('alpha', Math.fround(0.01));
    return each(x!, (v) => (v < 0 ? alpha * v : v));
  }),
  qLinear('QLinearGlobalAveragePool', 1, (call, [x]) => globalAverage(call, x!)),
  qLinear('QLinearAveragePool', 1, (call, [x]) => channelsLast(call, x!, (first) => averagePool(call, first))),
  qLinear('QLinearSoftmax', 1, (call, [x]) => softmaxAlong(call, x!)),
  // What ONNX Runtime makes of quantized convolutional networks.
  defineKernel({
    op: 'QLinearConv',
    domain,
    run: (call) => [channelsLast(call, call.tensor(0), (x) => qLinearConv(call, x))],
  }),
  defineKernel({
    op: 'NhwcMaxPool',
    domain,
    run: (call) => [channelsLast(call, call.tensor(0), (x) => maxPool(call, x)[0]!, true)],
  }),
  defineKernel({ op: 'QLinearConcat', domain, run: (call) => [qLinearConcat(call)] }),
  defineKernel({ op: 'QLinearWhere', domain, run: (call) => [qLinearWhere(call)] }),
  defineKernel({ op: 'QGemm', domain, run: (call) => [qGemm(call)] }),
  defineKernel({ op: 'MatMulIntegerToFloat', domain, run: (call) => [matMulIntegerToFloat(call)] }),
  defineKernel({ op: 'DynamicQuantizeMatMul', domain, run: (call) => [dynamicQuantizeMatMul(call)] }),
];
