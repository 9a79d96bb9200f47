import type { LayoutArguments } from '@gossamer/native';
import { type AxisView, requireView } from './axis-view.js';
import { requireInteger } from './require-array.js';

/** How the parameters of a tensor of `length` elements are laid out: what the addon takes, and how many there are. */
export interface Layout {
  readonly args: LayoutArguments;
  readonly parameterCount: number;
}

/** One parameter for all. */
export function perTensor(length: number): Layout {
  return { args: [0, 1, 1, length, 1], parameterCount: 1 };
}

/** One parameter for each step of the view's axis. */
export function perAxis(view: AxisView, name: string, length: number): Layout {
  requireView(view, name, length);
  return { args: [1, view.outer, view.axis, view.inner, 1], parameterCount: view.axis };
}

/** One parameter for each `blockSize` steps of the axis, at each outer and inner position; the last block may be shorter. */
export function perBlock(view: AxisView, blockSize: number, name: string, length: number): Layout {
  requireView(view, name, length);
  requireInteger('blockSize', blockSize, 1);
  const parameterCount = view.outer * Math.ceil(view.axis / blockSize) * view.inner;
  return { args: [2, view.outer, view.axis, view.inner, blockSize], parameterCount };
}
