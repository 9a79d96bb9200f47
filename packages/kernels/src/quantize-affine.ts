import type { AffineArguments } from '@gossamer/native';
import {
  affineArguments,
  affineArrayArguments,
  type AffineArrayParams,
  type AffineParams,
  codeRange,
} from './affine-params.js';
import type { AxisView } from './axis-view.js';
import { type Layout, perAxis, perBlock, perTensor } from './granularity.js';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync, runCallCuda } from './native-call.js';
import { allocateCodes, type Codes, type QuantizedDtype } from './quantized-dtype.js';
import { requireArray } from './require-array.js';

type Call<D extends QuantizedDtype> = NativeCall<'quantizeTensor', Codes<D>>;

function call<D extends QuantizedDtype>(
  x: Float32Array,
  layout: Layout,
  affine: AffineArguments,
  params: AffineParams<D> | AffineArrayParams<D>,
  out: Codes<D> = allocateCodes(params.dtype, x.length),
): Call<D> {
  requireArray('out', out, params.dtype === 'int8' ? 'Int8Array' : 'Uint8Array');
  const args = [x, ...layout.args, ...affine, ...codeRange(params), out] as const;
  return { operation: 'quantizeTensor', args: [...args], finish: () => out };
}

function tensorCall<D extends QuantizedDtype>(x: Float32Array, params: AffineParams<D>, out?: Codes<D>): Call<D> {
  requireArray('x', x, 'Float32Array');
  return call(x, perTensor(x.length), affineArguments(params), params, out);
}

function axisCall<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  params: AffineArrayParams<D>,
  out?: Codes<D>,
): Call<D> {
  requireArray('x', x, 'Float32Array');
  const layout = perAxis(view, 'x', x.length);
  return call(x, layout, affineArrayArguments(params, layout.parameterCount), params, out);
}

function blocksCall<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  out?: Codes<D>,
): Call<D> {
  requireArray('x', x, 'Float32Array');
  const layout = perBlock(view, blockSize, 'x', x.length);
  return call(x, layout, affineArrayArguments(params, layout.parameterCount), params, out);
}

/**
 * Quantizes `x` into `out` as ONNX QuantizeLinear does: clamp(roundHalfEven(x / scale) + zeroPoint, quantMin, quantMax).
 *
 * The division is a true one in float32; NaN becomes quantMin. `out`: as many codes as `x` has elements (int4 and uint4
 * packed, rounded up to a byte); it must not share memory with `x`. Default: a new array.
 */
export function quantizeAffine<D extends QuantizedDtype>(
  x: Float32Array,
  params: AffineParams<D>,
  out?: Codes<D>,
): Codes<D> {
  return runCall(tensorCall(x, params, out));
}

/** `quantizeAffine` on the thread pool. */
export async function quantizeAffineAsync<D extends QuantizedDtype>(
  x: Float32Array,
  params: AffineParams<D>,
  options?: AsyncOptions,
): Promise<Codes<D>> {
  return runCallAsync(tensorCall(x, params), options);
}

/** `quantizeAffine` on the GPU, bit for bit; int8 and uint8 only. */
export async function quantizeAffineCuda<D extends QuantizedDtype>(
  x: Float32Array,
  params: AffineParams<D>,
  options?: AsyncOptions,
): Promise<Codes<D>> {
  return runCallCuda(tensorCall(x, params), options);
}

/** Quantizes with `view.axis` scales and zero points, one for each step of the axis; else as `quantizeAffine`. */
export function quantizeAffineAxis<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  params: AffineArrayParams<D>,
  out?: Codes<D>,
): Codes<D> {
  return runCall(axisCall(x, view, params, out));
}

/** `quantizeAffineAxis` on the thread pool. */
export async function quantizeAffineAxisAsync<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Codes<D>> {
  return runCallAsync(axisCall(x, view, params), options);
}

/** `quantizeAffineAxis` on the GPU, bit for bit; int8 and uint8 only. */
export async function quantizeAffineAxisCuda<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Codes<D>> {
  return runCallCuda(axisCall(x, view, params), options);
}

/**
 * Quantizes with one scale and zero point for each `blockSize` steps of the axis, in the row-major order of
 * [outer, ceil(axis / blockSize), inner] (ONNX blocked quantization); else as `quantizeAffine`.
 */
export function quantizeAffineBlocks<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  out?: Codes<D>,
): Codes<D> {
  return runCall(blocksCall(x, view, blockSize, params, out));
}

/** `quantizeAffineBlocks` on the thread pool. */
export async function quantizeAffineBlocksAsync<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Codes<D>> {
  return runCallAsync(blocksCall(x, view, blockSize, params), options);
}

/** `quantizeAffineBlocks` on the GPU, bit for bit; int8 and uint8 only. */
export async function quantizeAffineBlocksCuda<D extends QuantizedDtype>(
  x: Float32Array,
  view: AxisView,
  blockSize: number,
  params: AffineArrayParams<D>,
  options?: AsyncOptions,
): Promise<Codes<D>> {
  return runCallCuda(blocksCall(x, view, blockSize, params), options);
}
