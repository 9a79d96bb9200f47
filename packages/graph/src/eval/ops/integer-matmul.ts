import { type DType, isInteger } from '../../dtype.js';
import { elementCount } from '../../ir/tensor.js';
import type { EvalTensor, NumberData } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { broadcastStrides, viewOffsets } from '../strided.js';
import { convolve } from './conv.js';
import { multiply, productShape } from './matmul.js';
import { integerRange, quantizeValue } from './quantize-linear.js';

/** x - zeroPoint, where the zero point is a scalar or has one value per index of `axis`. */
export function centred(
  call: KernelCall,
  x: EvalTensor,
  zeroPoint: EvalTensor | undefined,
  axis: number,
): Float64Array {
  const from = call.asNumbers(x);
  const zeros = zeroPoint && call.asNumbers(zeroPoint);
  if (!zeros) return Float64Array.from(from);
  const at = parameterOffsets(call, x.dims, zeroPoint, axis);
  return Float64Array.from(from, (value, i) => value - zeros[at ? at[i]! : 0]!);
}

/** Offsets of a quantization parameter for each element: undefined when there is one for all. */
export function parameterOffsets(
  call: KernelCall,
  dims: readonly number[],
  parameter: EvalTensor,
  axis: number,
): Int32Array | undefined {
  const count = elementCount(parameter.dims);
  if (count === 1) return undefined;
  // A parameter of full rank (batched rows or columns) broadcasts as it is; a vector lies along `axis`.
  const shape = parameter.dims.length === 1 ? dims.map((_, i) => (i === axis ? count : 1)) : parameter.dims;
  if (parameter.dims.length === 1 && dims[axis] !== count) {
    call.fail('ERR_EVAL_SHAPE', 'quantization parameter', `1 or ${dims[axis]} values`, String(count));
  }
  return viewOffsets(dims, broadcastStrides(shape, dims));
}

/** int32 sums wrap: exact in double (products < 2^16, fewer than 2^37 of them), then stored modulo 2^32. */
function matMulInteger(call: KernelCall): EvalTensor {
  const [a, b] = [call.tensor(0), call.tensor(1)];
  const shape = productShape(call, a.dims, b.dims);
  const target = call.allocate('int32', shape.dims);
  const x = centred(call, a, call.optional(2), a.dims.length - 2);
  const y = centred(call, b, call.optional(3), b.dims.length - 1);
  multiply(call, shape, x, y, target.data as NumberData);
  return target;
}

/** Writes round(sum * scale) + zeroPoint, saturated; float outputs (float8) stay unrounded here. */
function requantize(call: KernelCall, dtype: DType, sum: number, scale: number, zeroPoint: number): number {
  // The int32 sum becomes a float32 before it is scaled, as every runtime does it.
  const scaled = call.precision === 'float32' ? Math.fround(Math.fround(sum) * scale) : sum * scale;
  if (!isInteger(dtype)) return scaled + zeroPoint;
  const [low, high] = integerRange(dtype);
  return quantizeValue(scaled, zeroPoint, low, high);
}

function qLinearMatMul(call: KernelCall): EvalTensor {
  const [a, aScale, aZero] = [call.tensor(0), call.numbers(1), call.tensor(2)];
  const [b, bScale, bZero] = [call.tensor(3), call.tensor(4), call.tensor(5)];
  const [yScale, yZero] = [call.numbers(6)[0]!, call.numbers(7)[0]!];
  const shape = productShape(call, a.dims, b.dims);
  const sums = new Float64Array(elementCount(shape.dims));
  multiply(call, shape, centred(call, a, aZero, a.dims.length - 2), centred(call, b, bZero, b.dims.length - 1), sums);
  const { dtype } = call.tensor(7);
  const rows = call.tensor(1);
  const ofA = parameterOffsets(call, shape.dims, { ...rows }, shape.dims.length - 2);
  const ofB = parameterOffsets(call, shape.dims, bScale, shape.dims.length - 1);
  const scales = call.asNumbers(bScale);
  const round = call.precision === 'float32' ? Math.fround : (v: number) => v;
  const values = sums.map((sum, i) => {
    const scale = round(round(aScale[ofA ? ofA[i]! : 0]! * scales[ofB ? ofB[i]! : 0]!) / yScale);
    return requantize(call, dtype, sum, scale, yZero);
  });
  return call.result(dtype, shape.dims, values);
}

/** Convolution operands with zero points taken off, so that padding (0) means the zero point. */
function centredOperands(
  call: KernelCall,
  x: EvalTensor,
  w: EvalTensor,
  xZero: EvalTensor | undefined,
  wZero: EvalTensor | undefined,
) {
  return {
    x: { dims: x.dims, data: centred(call, x, xZero, 1) },
    w: { dims: w.dims, data: centred(call, w, wZero, 0) },
  };
}

function convInteger(call: KernelCall): EvalTensor {
  let target: EvalTensor | undefined;
  const operands = centredOperands(call, call.tensor(0), call.tensor(1), call.optional(2), call.optional(3));
  convolve(call, operands, (dims) => {
    target = call.allocate('int32', dims);
    const to = target.data as NumberData;
    return (index, sum) => (to[index] = sum);
  });
  return target!;
}

/** QLinearConv over `x` in the place of input 0. */
export function qLinearConv(call: KernelCall, x: EvalTensor): EvalTensor {
  const [xScale, xZero] = [call.numbers(1)[0]!, call.tensor(2)];
  const [w, wScale, wZero] = [call.tensor(3), call.numbers(4), call.tensor(5)];
  const [yScale, yZero] = [call.numbers(6)[0]!, call.numbers(7)[0]!];
  const { dtype } = call.tensor(7);
  const bias = call.optional(8);
  const round = call.precision === 'float32' ? Math.fround : (v: number) => v;
  let target: EvalTensor | undefined;
  const operands = { ...centredOperands(call, x, w, xZero, wZero), bias: bias && call.asNumbers(bias) };
  convolve(call, operands, (dims) => {
    target = call.allocate(dtype, dims);
    const to = target.data as NumberData;
    return (index, sum, channel) => {
      const scale = round(round(xScale * wScale[wScale.length === 1 ? 0 : channel]!) / yScale);
      to[index] = requantize(call, dtype, sum, scale, yZero);
    };
  });
  return target!;
}

export const integerMatmul: readonly Kernel[] = [
  defineKernel({ op: 'MatMulInteger', run: (call) => [matMulInteger(call)] }),
  defineKernel({ op: 'QLinearMatMul', run: (call) => [qLinearMatMul(call)] }),
  defineKernel({ op: 'ConvInteger', run: (call) => [convInteger(call)] }),
  defineKernel({ op: 'QLinearConv', run: (call) => [qLinearConv(call, call.tensor(0))] }),
];
