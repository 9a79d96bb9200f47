import type { Dim } from '../ir/dim.js';
import { divideDims, equalDims, multiplyDims } from '../ir/dim.js';
import type { Value } from '../ir/value.js';
import type { Attributes, Emitter } from './emitter.js';
import { channelsFirstOperand, type Operand } from './operand.js';
import { checkWindow, type Padding, type Window, windowAttributes } from './window.js';

/** How a convolution slides; its kernel's size is the filter's. */
export type Sliding = Omit<Window, 'kernel'>;

/** Spatial dims of an operand (rank 3 to 5). */
export function spatialDims(e: Emitter, operand: Operand): readonly Dim[] {
  const shape = e.shapeOf(operand);
  if (!shape || shape.length < 3)
    throw e.error('input', 'an image of rank 3 or more', shape?.length ?? 'an unknown rank');
  return shape.slice(1, -1);
}

function filterDims(e: Emitter, filter: Operand, rank: number): number[] {
  const shape = e.shapeOf(filter);
  if (shape?.length !== rank || !shape.every((dim) => typeof dim === 'number')) {
    throw e.error('filter', `known dims of rank ${rank}`, shape ? `[${shape.join(', ')}]` : 'an unknown rank');
  }
  return shape as number[];
}

/** A convolution; `filter` is spatial..., in, out. Groups follow from the input's channels. `bias` is rank 1 or absent. */
export function convolution(e: Emitter, x: Operand, filter: Operand, sliding: Sliding, bias?: Value): Operand {
  const spatial = spatialDims(e, x);
  const rank = spatial.length + 2;
  const dims = filterDims(e, filter, rank);
  const window = { ...sliding, kernel: dims.slice(0, -2) };
  checkWindow(e, window);
  const channels = e.shapeOf(x)!.at(-1);
  const inner = dims[rank - 2]!;
  if (typeof channels === 'number' && channels !== inner) throw e.error('filter', `${channels} input channels`, inner);
  const weight = e.transpose(e.plain(filter), [rank - 1, rank - 2, ...window.kernel.map((_, axis) => axis)]);
  const attributes = windowAttributes(window, spatial);
  return channelsFirstOperand(e.op('Conv', [e.channelsFirst(x), weight, bias], attributes));
}

/** A depthwise convolution; `filter` is height, width, in, multiplier. */
export function depthwiseConvolution(e: Emitter, x: Operand, filter: Operand, sliding: Sliding, bias?: Value): Operand {
  const [height, width, channels, multiplier] = filterDims(e, filter, 4) as [number, number, number, number];
  const window = { ...sliding, kernel: [height, width] };
  checkWindow(e, window);
  const moved = e.transpose(e.plain(filter), [2, 3, 0, 1]);
  const dims = [channels * multiplier, 1, height, width];
  const weight = moved.constant
    ? multiplier === 1
      ? moved
      : e.derived(moved, 'grouped', () => moved.constant!.reshaped(dims))
    : e.op('Reshape', [moved, e.int64(dims)]);
  const attributes: Attributes = { ...windowAttributes(window, spatialDims(e, x)), group: channels };
  return channelsFirstOperand(e.op('Conv', [e.channelsFirst(x), weight, bias], attributes));
}

/** A transposed convolution; `filter` is height, width, out, in. `outputDims` is the result's spatial size, where it is given. */
export function transposedConvolution(
  e: Emitter,
  x: Operand,
  filter: Operand,
  sliding: Sliding,
  outputDims: readonly Dim[] | undefined,
  bias?: Value,
): Operand {
  const dims = filterDims(e, filter, 4);
  const window = { ...sliding, kernel: dims.slice(0, 2) };
  checkWindow(e, window);
  const weight = e.transpose(e.plain(filter), [3, 2, 0, 1]);
  const spatial = spatialDims(e, x);
  const fits = window.kernel.map((kernel, axis) =>
    transposedPads(
      e,
      kernel,
      window.strides[axis]!,
      window.padding,
      spatial[axis],
      outputDims && { dim: outputDims[axis] },
    ),
  );
  const attributes: Attributes = {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: [...fits.map(({ begin }) => begin), ...fits.map(({ end }) => end)],
    output_padding: fits.map(({ extra }) => extra),
  };
  return channelsFirstOperand(e.op('ConvTranspose', [e.channelsFirst(x), weight, bias], attributes));
}

/**
 * What ConvTranspose cuts off and adds on one axis: the gradient of the convolution from `output` to `input`. Without a given output
 * size it is input * stride (SAME) or what the window covers (VALID).
 */
function transposedPads(
  e: Emitter,
  kernel: number,
  stride: number,
  padding: Padding,
  input: Dim,
  output: { readonly dim: Dim } | undefined,
): { begin: number; end: number; extra: number } {
  if (padding !== 'same' && padding !== 'valid') throw e.error('padding', 'SAME or VALID', 'explicit pads');
  const isUsual = !output || equalDims(multiplyDims(input, stride), output.dim);
  if (padding === 'same' && isUsual) {
    const total = Math.max(kernel - stride, 0);
    return { begin: Math.floor(total / 2), end: total - Math.floor(total / 2), extra: Math.max(stride - kernel, 0) };
  }
  if (!output) return { begin: 0, end: 0, extra: Math.max(stride - kernel, 0) };
  if (typeof input !== 'number' || typeof output.dim !== 'number') {
    const known = divideDims(output.dim, input);
    throw e.error('output shape', 'one that follows from the input', known === undefined ? 'another' : String(known));
  }
  const full = (input - 1) * stride + kernel;
  const total = padding === 'same' ? Math.max(full - output.dim, 0) : 0;
  const extra = output.dim - (full - total);
  if (extra < 0 || extra >= stride) throw e.error('output shape', 'one that the convolution reaches', output.dim);
  return { begin: Math.floor(total / 2), end: total - Math.floor(total / 2), extra };
}
