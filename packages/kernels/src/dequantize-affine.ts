import type { AffineArguments } from '@gossamer/native';
import { affineArguments, affineArrayArguments, type AffineArrayParams, type AffineParams } from './affine-params.js';
import type { AxisView } from './axis-view.js';
import { type Layout, perAxis, perBlock, perTensor } from './granularity.js';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync, runCallCuda } from './native-call.js';
import { codeBytes, type Codes, codeType, type QuantizedDtype } from './quantized-dtype.js';
import { requireArray, requireInteger, requireLength } from './require-array.js';

type Call = NativeCall<'dequantizeTensor', Float32Array>;

/** How many elements packed codes stand for, when their bytes leave it open. */
export interface PackedLength {
  /** Elements; needed for an odd number of int4 or uint4 codes. Default: all that the bytes hold. */
  readonly length?: number;
}

function call<D extends QuantizedDtype>(
  codes: Codes<D>,
  dtype: D,
  layout: Layout,
  affine: AffineArguments,
  length: number,
  out: Float32Array | undefined,
): Call {
  const type = codeType(dtype);
  requireArray('codes', codes, dtype === 'int8' ? 'Int8Array' : 'Uint8Array');
  requireLength('codes', codes, codeBytes(type, length));
  const values = out ?? new Float32Array(length);
  requireArray('out', values, 'Float32Array');
  const args = [codes, length, ...layout.args, ...affine, values] as const;
  return { operation: 'dequantizeTensor', args: [...args], finish: () => values };
}

function tensorCall<D extends QuantizedDtype>(
  codes: Codes<D>,
  params: AffineParams<D> & PackedLength,
  out?: Float32Array,
): Call {
  requireArray('codes', codes, 'Int8Array', 'Uint8Array');
  const length = params.length ?? codes.length * (codeType(params.dtype).isPacked ? 2 : 1);
  requireInteger('length', length, 0);
  return call(codes, params.dtype, perTensor(length), affineArguments(params), length, out);
}

function viewLength({ outer, axis, inner }: AxisView): number {
  return outer * axis * inner;
}

function axisCall<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  params: AffineArrayParams<D>,
  out?: Float32Array,
): Call {
  const length = viewLength(view);
  const layout = perAxis(view, 'codes', length);
  return call(codes, params.dtype, layout, affineArrayArguments(params, layout.parameterCount), length, out);
}

function blocksCall<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  out?: Float32Array,
): Call {
  const length = viewLength(view);
  const layout = perBlock(view, blockSize, 'codes', length);
  return call(codes, params.dtype, layout, affineArrayArguments(params, layout.parameterCount), length, out);
}

/** Turns codes back into real values, as ONNX DequantizeLinear: (code - zeroPoint) * scale in float32. Default `out`: new. */
export function dequantizeAffine<D extends QuantizedDtype>(
  codes: Codes<D>,
  params: AffineParams<D> & PackedLength,
  out?: Float32Array,
): Float32Array {
  return runCall(tensorCall(codes, params, out));
}

/** `dequantizeAffine` on the thread pool. */
export async function dequantizeAffineAsync<D extends QuantizedDtype>(
  codes: Codes<D>,
  params: AffineParams<D> & PackedLength,
  options?: AsyncOptions,
): Promise<Float32Array> {
  return runCallAsync(tensorCall(codes, params), options);
}

/** `dequantizeAffine` on the GPU, bit for bit; int8 and uint8 only. */
export async function dequantizeAffineCuda<D extends QuantizedDtype>(
  codes: Codes<D>,
  params: AffineParams<D> & PackedLength,
  options?: AsyncOptions,
): Promise<Float32Array> {
  return runCallCuda(tensorCall(codes, params), options);
}

/** Dequantizes with `view.axis` scales and zero points; `view` tells how many elements there are. */
export function dequantizeAffineAxis<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  params: AffineArrayParams<D>,
  out?: Float32Array,
): Float32Array {
  return runCall(axisCall(codes, view, params, out));
}

/** `dequantizeAffineAxis` on the thread pool. */
export async function dequantizeAffineAxisAsync<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Float32Array> {
  return runCallAsync(axisCall(codes, view, params), options);
}

/** `dequantizeAffineAxis` on the GPU, bit for bit; int8 and uint8 only. */
export async function dequantizeAffineAxisCuda<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Float32Array> {
  return runCallCuda(axisCall(codes, view, params), options);
}

/** Dequantizes with one scale and zero point a block of the axis, laid out as `quantizeAffineBlocks` takes them. */
export function dequantizeAffineBlocks<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  out?: Float32Array,
): Float32Array {
  return runCall(blocksCall(codes, view, blockSize, params, out));
}

/** `dequantizeAffineBlocks` on the thread pool. */
export async function dequantizeAffineBlocksAsync<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Float32Array> {
  return runCallAsync(blocksCall(codes, view, blockSize, params), options);
}

/** `dequantizeAffineBlocks` on the GPU, bit for bit; int8 and uint8 only. */
export async function dequantizeAffineBlocksCuda<D extends QuantizedDtype>(
  codes: Codes<D>,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Float32Array> {
  return runCallCuda(blocksCall(codes, view, blockSize, params), options);
}
