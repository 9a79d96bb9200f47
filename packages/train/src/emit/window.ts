import type { Node } from '@gossamer/graph';
import type { Attributes } from './emitter.js';

/** A window that slides over spatial axes. Lists have one entry a spatial axis; auto_pad is resolved. */
export interface Window {
  /** Sizes of what it slides over. */
  readonly input: readonly number[];
  /** Numbers of its positions. */
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
}

/** Elements a dilated kernel spans along an axis. */
export const extentOf = (window: Window, axis: number): number =>
  (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;

/** Where its last position ends, counted from the begin of the padded input. */
export const reachOf = (window: Window, axis: number): number =>
  (window.output[axis]! - 1) * window.strides[axis]! + extentOf(window, axis);

/** Elements of the padded input that no position reaches; negative where ceil_mode lets the last one reach beyond it. */
export const restOf = (window: Window, axis: number): number =>
  window.input[axis]! + window.padsBegin[axis]! + window.padsEnd[axis]! - reachOf(window, axis);

/** The window of a node over spatial sizes `input` with results of sizes `output`; `kernel`: of the weight, where the node has one. */
export function windowOf(
  node: Node,
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[] = node.ints('kernel_shape', []),
): Window {
  const rank = input.length;
  const ones = input.map(() => 1);
  const pads = node.ints('pads', new Array<number>(2 * rank).fill(0));
  const strides = node.ints('strides', ones);
  const dilations = node.ints('dilations', ones);
  const autoPad = node.string('auto_pad', 'NOTSET');
  const window = {
    input,
    output,
    kernel,
    strides,
    dilations,
    padsBegin: pads.slice(0, rank),
    padsEnd: pads.slice(rank),
  };
  if (autoPad === 'VALID') return { ...window, padsBegin: ones.map(() => 0), padsEnd: ones.map(() => 0) };
  if (autoPad === 'NOTSET') return window;
  const total = input.map((size, axis) => Math.max(0, reachOf(window, axis) - size));
  const [small, large] = [total.map((count) => count >> 1), total.map((count) => count - (count >> 1))];
  return autoPad === 'SAME_UPPER'
    ? { ...window, padsBegin: small, padsEnd: large }
    : { ...window, padsBegin: large, padsEnd: small };
}

/** The attributes strides, pads and dilations. */
export const windowAttributes = ({ strides, dilations, padsBegin, padsEnd }: Window): Attributes => ({
  strides,
  dilations,
  pads: [...padsBegin, ...padsEnd],
});

/** Every index of an array of sizes `dims`, the last axis fastest. */
export function indicesOf(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (lists, size) => lists.flatMap((list) => Array.from({ length: size }, (_, i) => [...list, i])),
    [[]],
  );
}
