import type { AxisView } from './axis-view.js';
import { type Layout, perAxis, perBlock, perTensor } from './granularity.js';
import { type AsyncOptions, type NativeCall, runCall, runCallAsync } from './native-call.js';
import { requireArray } from './require-array.js';

/** Range of the finite values of an array. */
export interface MinMax {
  /** Smallest finite value, a zero always as +0; Infinity when there is none. */
  readonly min: number;
  /** Largest finite value; -Infinity when there is none. */
  readonly max: number;
  readonly nanCount: number;
  readonly infCount: number;
}

/** Ranges of the finite values that share a parameter; the counts are over the whole array. */
export interface MinMaxArrays {
  readonly min: Float32Array;
  readonly max: Float32Array;
  readonly nanCount: number;
  readonly infCount: number;
}

type Call<Result> = NativeCall<'minMaxTensor', Result>;

function call(x: Float32Array, layout: Layout): Call<MinMaxArrays> {
  const min = new Float32Array(layout.parameterCount);
  const max = new Float32Array(layout.parameterCount);
  const counts = new Float64Array(2);
  const finish = (): MinMaxArrays => ({ min, max, nanCount: counts[0]!, infCount: counts[1]! });
  return { operation: 'minMaxTensor', args: [x, ...layout.args, min, max, counts], finish };
}

function tensorCall(x: Float32Array): Call<MinMax> {
  requireArray('x', x, 'Float32Array');
  const arrays = call(x, perTensor(x.length));
  const finish = (): MinMax => {
    const { min, max, ...counts } = arrays.finish();
    return { min: min[0]!, max: max[0]!, ...counts };
  };
  return { ...arrays, finish };
}

function axisCall(x: Float32Array, view: AxisView): Call<MinMaxArrays> {
  requireArray('x', x, 'Float32Array');
  return call(x, perAxis(view, 'x', x.length));
}

function blocksCall(x: Float32Array, view: AxisView, blockSize: number): Call<MinMaxArrays> {
  requireArray('x', x, 'Float32Array');
  return call(x, perBlock(view, blockSize, 'x', x.length));
}

/** Smallest and largest finite value; NaN and infinities are left out and counted. */
export function minMax(x: Float32Array): MinMax {
  return runCall(tensorCall(x));
}

/** `minMax` on the thread pool. */
export async function minMaxAsync(x: Float32Array, options?: AsyncOptions): Promise<MinMax> {
  return runCallAsync(tensorCall(x), options);
}

/** `minMax` of each step of the axis: arrays of length `view.axis`. */
export function minMaxAxis(x: Float32Array, view: AxisView): MinMaxArrays {
  return runCall(axisCall(x, view));
}

/** `minMaxAxis` on the thread pool. */
export async function minMaxAxisAsync(x: Float32Array, view: AxisView, options?: AsyncOptions): Promise<MinMaxArrays> {
  return runCallAsync(axisCall(x, view), options);
}

/** `minMax` of each block of the axis, in the row-major order of [outer, ceil(axis / blockSize), inner]. */
export function minMaxBlocks(x: Float32Array, view: AxisView, blockSize: number): MinMaxArrays {
  return runCall(blocksCall(x, view, blockSize));
}

/** `minMaxBlocks` on the thread pool. */
export async function minMaxBlocksAsync(
  x: Float32Array,
  view: AxisView,
  blockSize: number,
  options?: AsyncOptions,
): Promise<MinMaxArrays> {
  return runCallAsync(blocksCall(x, view, blockSize), options);
}
