import type { Node } from '@gossamer/graph';

/** How a convolution or pool slides over its two spatial axes; of one axis, height is 1. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows before and after, columns before and after. */
  readonly pads: readonly [readonly [number, number], readonly [number, number]];
}

/** What a kernel covers. */
export const reach = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** The window of Conv, MaxPool or AveragePool over `sizes`, with the padding that auto_pad leaves to the operator. */
export function windowOf(node: Node, sizes: readonly number[], kernel: readonly number[]): Window {
  const axes = sizes.length;
  const strides = node.ints('strides', undefined) ?? new Array<number>(axes).fill(1);
  const dilations = node.ints('dilations', undefined) ?? new Array<number>(axes).fill(1);
  const given = node.ints('pads', undefined) ?? new Array<number>(2 * axes).fill(0);
  const mode = node.string('auto_pad', 'NOTSET');
  const pads = sizes.map((size, axis): readonly [number, number] => {
    if (mode === 'NOTSET') return [given[axis]!, given[axis + axes]!];
    if (mode === 'VALID') return [0, 0];
    const stride = strides[axis]!;
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach(kernel[axis]!, dilations[axis]!) - size, 0);
    return shared(total, mode === 'SAME_LOWER');
  });
  return {
    kernel: pair(kernel, 1),
    // Depthwise kernels of TensorFlow take equal strides only; over one row any will do.
    strides: pair(strides, strides[0]!),
    dilations: pair(dilations, 1),
    pads: pair(pads, [0, 0]),
  };
}

/** Padding in two halves; the odd one goes to the end, or to the beginning. */
export const shared = (total: number, isLower: boolean): readonly [number, number] => {
  const half = Math.floor(total / 2);
  return isLower ? [total - half, half] : [half, total - half];
};

/** The entries of two axes; of one, `other` comes first. */
export const pair = <T>(list: readonly T[], other: T): readonly [T, T] =>
  list.length === 1 ? [other, list[0]!] : [list[0]!, list[1]!];
