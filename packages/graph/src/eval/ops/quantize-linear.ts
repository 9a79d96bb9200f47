import { type DType, dtypeBits, isFloat, isInteger } from '../../dtype.js';
import { decodeFloat, encodeFloat, roundHalfEven } from '../../ir/small-float.js';
import { elementCount } from '../../ir/tensor.js';
import { type EvalTensor, type NumberData, type Precision, smallFormat } from '../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../kernel.js';
import { dtypeAttribute, narrowing } from './cast.js';

/** The integers of `dtype`, [low, high]. */
export function integerRange(dtype: DType): readonly [number, number] {
  const bits = dtypeBits(dtype);
  return dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** q = saturate(round half even(x / scale) + zeroPoint). NaN gives the smallest integer. */
export function quantizeValue(quotient: number, zeroPoint: number, low: number, high: number): number {
  const q = roundHalfEven(quotient) + zeroPoint;
  return q >= high ? high : q > low ? q : low;
}

/**
 * For each element of `dims`, the index of its scale: one for all (granularity perTensor), one per index of `axis` (perAxis), or one per
 * `blockSize` consecutive indices of `axis` (perBlock, the last block may be shorter).
 */
export function scaleIndex(
  call: KernelCall,
  dims: readonly number[],
  scale: EvalTensor,
  axis: number,
  blockSize: number,
): (element: number) => number {
  if (elementCount(scale.dims) === 1 && scale.dims.length <= 1 && blockSize === 0) return () => 0;
  const at = call.axis(axis, dims.length);
  const inner = elementCount(dims.slice(at + 1));
  const size = dims[at]!;
  if (blockSize === 0) {
    if (scale.dims.length !== 1 || scale.dims[0] !== size) {
      call.fail('ERR_EVAL_SHAPE', 'scale', `[${size}]`, `[${scale.dims.join(',')}]`);
    }
    return (element) => Math.floor(element / inner) % size;
  }
  const blocks = Math.ceil(size / blockSize);
  if (scale.dims.some((dim, i) => dim !== (i === at ? blocks : dims[i]))) {
    call.fail(
      'ERR_EVAL_SHAPE',
      'scale',
      `${blocks} blocks on axis ${at} of [${dims.join(',')}]`,
      `[${scale.dims.join(',')}]`,
    );
  }
  return (element) => {
    const [outer, place] = [Math.floor(element / (inner * size)), Math.floor(element / inner) % size];
    return (outer * blocks + Math.floor(place / blockSize)) * inner + (element % inner);
  };
}

/** Before opset 13 there is no axis: a scale per axis is along axis 1. */
const granularity = (call: KernelCall, x: EvalTensor, scale: EvalTensor) =>
  scaleIndex(call, x.dims, scale, call.node.int('axis', 1), call.node.int('block_size', 0));

/**
 * How a quotient is rounded, since in double it may lie on the other side of a tie: to float32, and from opset 23 on to the dtype that
 * `precision` names, by default the scale's.
 */
function quotientRounding(call: KernelCall, scale: DType): (quotient: number) => number {
  if (call.precision === 'float64') return (quotient) => quotient;
  const stage = call.opset < 23 ? 'float32' : dtypeAttribute(call, 'precision', scale);
  const format = smallFormat(stage);
  if (format) return (quotient) => decodeFloat(encodeFloat(quotient, format), format);
  return stage === 'float64' ? (quotient) => quotient : Math.fround;
}

function quantizeLinear(call: KernelCall): EvalTensor {
  const [x, scale, zeroPoint] = [call.tensor(0), call.tensor(1), call.optional(2)];
  const dtype = dtypeAttribute(call, 'output_dtype', zeroPoint?.dtype ?? 'uint8');
  const index = granularity(call, x, scale);
  const [from, scales] = [call.asNumbers(x), call.asNumbers(scale)];
  const zeros = zeroPoint && call.asNumbers(zeroPoint);
  const target = call.allocate(dtype, x.dims);
  const to = target.data as NumberData;
  const [low, high] = isInteger(dtype) ? integerRange(dtype) : [-Infinity, Infinity];
  const round = quotientRounding(call, scale.dtype);
  const narrow = isFloat(dtype) ? narrowing(dtype, call.node.int('saturate', 1) === 1, '') : (value: number) => value;
  for (let i = 0; i < to.length; i++) {
    const at = index(i);
    const quotient = round(from[i]! / scales[at]!);
    const zero = zeros ? zeros[at]! : 0;
    to[i] = isFloat(dtype) ? narrow(quotient + zero) : quantizeValue(quotient, zero, low, high);
  }
  return target;
}

function dequantizeLinear(call: KernelCall): EvalTensor {
  const [x, scale, zeroPoint] = [call.tensor(0), call.tensor(1), call.optional(2)];
  const index = granularity(call, x, scale);
  const [from, scales] = [call.asNumbers(x), call.asNumbers(scale)];
  const zeros = zeroPoint && call.asNumbers(zeroPoint);
  const target = call.allocate(dtypeAttribute(call, 'output_dtype', scale.dtype), x.dims);
  const to = target.data as NumberData;
  for (let i = 0; i < to.length; i++) {
    const at = index(i);
    to[i] = (from[i]! - (zeros ? zeros[at]! : 0)) * scales[at]!;
  }
  return target;
}

/** Scale and zero point that DynamicQuantizeLinear finds: uint8, asymmetric, over all data; the range always holds 0. */
export function dynamicParameters(data: ArrayLike<number>, precision: Precision): DynamicParameters {
  let [low, high] = [0, 0];
  for (let i = 0; i < data.length; i++) [low, high] = [Math.min(low, data[i]!), Math.max(high, data[i]!)];
  const round = rounding(precision);
  const scale = round(round(high - low) / 255);
  return { scale, zeroPoint: scale === 0 ? 0 : quantizeValue(round((0 - low) / scale), 0, 0, 255) };
}

export interface DynamicParameters {
  readonly scale: number;
  readonly zeroPoint: number;
}

const rounding = (precision: Precision) => (precision === 'float32' ? Math.fround : (value: number) => value);

function dynamicCodes(
  data: ArrayLike<number>,
  { scale, zeroPoint }: DynamicParameters,
  precision: Precision,
): Float64Array {
  const round = rounding(precision);
  return Float64Array.from({ length: data.length }, (_, i) =>
    scale === 0 ? zeroPoint : quantizeValue(round(data[i]! / scale), zeroPoint, 0, 255),
  );
}

/** The reals that the codes of `data` stand for. */
export function fakeQuantize(
  data: ArrayLike<number>,
  parameters: DynamicParameters,
  precision: Precision,
): Float64Array {
  return dynamicCodes(data, parameters, precision).map((code) => (code - parameters.zeroPoint) * parameters.scale);
}

function dynamicQuantizeLinear(call: KernelCall): EvalTensor[] {
  const x = call.tensor(0);
  const parameters = dynamicParameters(call.asNumbers(x), call.precision);
  const codes = dynamicCodes(call.asNumbers(x), parameters, call.precision);
  return [
    call.result('uint8', x.dims, codes),
    call.result('float32', [], [parameters.scale]),
    call.result('uint8', [], [parameters.zeroPoint]),
  ];
}

export const quantizeLinearKernels: readonly Kernel[] = [
  defineKernel({ op: 'QuantizeLinear', run: (call) => [quantizeLinear(call)] }),
  defineKernel({ op: 'DequantizeLinear', run: (call) => [dequantizeLinear(call)] }),
  // ONNX Runtime's own domain has both for 16-bit codes, as they were before opset 21.
  defineKernel({ op: 'QuantizeLinear', domain: 'com.microsoft', run: (call) => [quantizeLinear(call)] }),
  defineKernel({ op: 'DequantizeLinear', domain: 'com.microsoft', run: (call) => [dequantizeLinear(call)] }),
  defineKernel({ op: 'DynamicQuantizeLinear', run: dynamicQuantizeLinear }),
];
