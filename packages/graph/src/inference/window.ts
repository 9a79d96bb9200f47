import { addDims, type Dim, floorDivideDims, multiplyDims, subtractDims } from '../ir/dim.js';
import type { Node } from '../ir/node.js';
import { ceilDivideDims, functionOfDims, type Shape } from './dims.js';
import type { InferenceContext } from './rule.js';

/** A sliding window over `spatial` axes: kernel sizes, strides, dilations and pads of each. */
export interface Window {
  readonly kernel: Shape;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begins, then ends. */
  readonly pads: readonly number[];
  readonly autoPad: string;
  readonly ceilMode: boolean;
}

/** Reads the window attributes; throws ERR_SHAPE unless each list has one entry an axis and sizes are positive. */
export function windowOf(node: Node, context: InferenceContext, spatial: number, weightKernel?: Shape): Window {
  const kernel = node.ints('kernel_shape', undefined) ?? weightKernel;
  if (!kernel) throw context.error('kernel_shape', `${spatial} sizes`, 'none');
  const ones = new Array<number>(spatial).fill(1);
  const strides = node.ints('strides', ones);
  const dilations = node.ints('dilations', ones);
  const pads = node.ints('pads', new Array<number>(2 * spatial).fill(0));
  for (const [name, list, length] of [
    ['kernel_shape', kernel, spatial],
    ['strides', strides, spatial],
    ['dilations', dilations, spatial],
    ['pads', pads, 2 * spatial],
  ] as const) {
    if (list.length !== length) throw context.error(name, `${length} elements`, [...list]);
    const least = name === 'pads' ? 0 : 1;
    if (list.some((size) => typeof size === 'number' && size < least)) {
      throw context.error(name, least === 0 ? 'sizes >= 0' : 'sizes > 0', [...list]);
    }
  }
  const autoPad = node.string('auto_pad', 'NOTSET');
  if (autoPad !== 'NOTSET' && node.has('pads') && node.op.startsWith('Conv')) {
    throw context.error('pads', `none with auto_pad ${autoPad}`, [...pads]);
  }
  return { kernel, strides, dilations, pads, autoPad, ceilMode: node.int('ceil_mode', 0) === 1 };
}

/** Elements a dilated kernel spans: (k - 1) * dilation + 1. */
export function effectiveKernel(kernel: Dim, dilation: number): Dim {
  return addDims(multiplyDims(subtractDims(kernel, 1), dilation), 1);
}

/** Output sizes of a convolution or pooling over `input` (the spatial sizes). Source: ONNX operators Conv, MaxPool, AveragePool. */
export function slide(context: InferenceContext, input: Shape, window: Window): Dim[] {
  return input.map((size, axis) => {
    const stride = window.strides[axis]!;
    const kernel = effectiveKernel(window.kernel[axis], window.dilations[axis]!);
    if (window.autoPad === 'SAME_UPPER' || window.autoPad === 'SAME_LOWER') return ceilDivideDims(size, stride);
    const padded = window.autoPad === 'VALID' ? size : addDims(addDims(size, begin(window, axis)), end(window, axis));
    const room = subtractDims(padded, kernel);
    if (typeof room === 'number' && room < 0)
      throw context.error('input', `a size >= kernel ${String(kernel)}`, padded);
    if (!window.ceilMode) return addDims(floorDivideDims(room, stride), 1);
    return ceilSize(size, room, stride, begin(window, axis));
  });
}

const begin = (window: Window, axis: number): number => (window.autoPad === 'VALID' ? 0 : window.pads[axis]!);
const end = (window: Window, axis: number): number => window.pads[axis + window.strides.length]!;

/** ceil_mode: rounds up, but a window must start within the input or its left padding. */
function ceilSize(size: Dim, room: Dim, stride: number, before: number): Dim {
  return functionOfDims(`pool${stride},${before}`, [size, room], (length, space) => {
    const count = Math.ceil(space / stride) + 1;
    return (count - 1) * stride >= length + before ? count - 1 : count;
  });
}

/** Output sizes of a transposed convolution. Source: ONNX operator ConvTranspose. */
export function slideTransposed(node: Node, context: InferenceContext, input: Shape, window: Window): Dim[] {
  const spatial = input.length;
  const extra = node.ints('output_padding', new Array<number>(spatial).fill(0));
  if (extra.length !== spatial || extra.some((size) => size < 0)) {
    throw context.error('output_padding', `${spatial} sizes >= 0`, [...extra]);
  }
  const fixed = node.ints('output_shape', undefined);
  if (fixed) {
    if (fixed.length < spatial) throw context.error('output_shape', `${spatial} elements`, [...fixed]);
    return fixed.slice(-spatial);
  }
  return input.map((size, axis) => {
    const stride = window.strides[axis]!;
    if (window.autoPad.startsWith('SAME')) return multiplyDims(size, stride);
    const full = addDims(
      addDims(
        multiplyDims(subtractDims(size, 1), stride),
        effectiveKernel(window.kernel[axis], window.dilations[axis]!),
      ),
      extra[axis]!,
    );
    return window.autoPad === 'VALID' ? full : subtractDims(full, begin(window, axis) + end(window, axis));
  });
}
