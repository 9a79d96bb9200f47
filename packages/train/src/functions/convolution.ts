import type { Node, Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { type Window, windowOf } from '../emit/window.js';

/** Sizes of y = Conv(x, w): x [batch, channels, input..], w [outChannels, channels / group, kernel..], y [batch, outChannels, output..]. */
export interface Convolution extends Window {
  readonly batch: number;
  readonly channels: number;
  readonly outChannels: number;
  readonly group: number;
}

/** The convolution a gradient `node` belongs to, from the shapes of x, dy and of the kernel. */
export function convolutionOf(
  node: Node,
  x: readonly number[],
  dy: readonly number[],
  kernel: readonly number[],
): Convolution {
  return {
    ...windowOf(node, x.slice(2), dy.slice(2), kernel),
    batch: x[0]!,
    channels: x[1]!,
    outChannels: dy[1]!,
    group: node.int('group', 1),
  };
}

export const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** `x` with its padding, spatial axes from `first`. */
export function padSpatial(g: Emitter, x: Value, window: Window, first: number): Value {
  const rank = g.rank(x);
  const pads = new Array<number>(2 * rank).fill(0);
  window.padsBegin.forEach((count, axis) => (pads[first + axis] = count));
  window.padsEnd.forEach((count, axis) => (pads[rank + first + axis] = count));
  return g.pad(x, pads);
}

/** What one tap of the kernel sees of the padded input along the spatial axes `axes`: one element for each position. */
export function seenByTap(
  g: Emitter,
  padded: Value,
  window: Window,
  first: number,
  tap: readonly number[],
  axes: readonly number[] = tap.map((_, axis) => axis),
): Value {
  const starts = axes.map((axis) => tap[axis]! * window.dilations[axis]!);
  const ends = axes.map((axis, i) => starts[i]! + (window.output[axis]! - 1) * window.strides[axis]! + 1);
  const steps = axes.map((axis) => window.strides[axis]!);
  const shape = g.shape(padded);
  const isWhole = axes.every((axis, i) => starts[i] === 0 && ends[i] === shape[first + axis] && steps[i] === 1);
  if (isWhole) return padded;
  return g.slice(
    padded,
    axes.map((axis) => first + axis),
    starts,
    ends,
    steps,
  );
}
