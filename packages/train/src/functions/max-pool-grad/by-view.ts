import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import { extentOf, type Window } from '../../emit/window.js';
import { product } from '../convolution.js';

/** Whether windows lie side by side and none reaches beyond x: then each element is in one window at most, and a view shows its window. */
export const hasView = (window: Window): boolean =>
  window.kernel.every(
    (size, axis) =>
      size === window.strides[axis] &&
      extentOf(window, axis) === size &&
      window.padsBegin[axis] === 0 &&
      window.output[axis]! * size <= window.input[axis]!,
  );

/** Compares each element with the maximum of its window; of equal ones the first is chosen by a rank that falls along the window. */
export function byView(g: Emitter, dy: Value, x: Value, y: Value, window: Window): Value {
  const [batch, channels] = g.shape(x) as [number, number];
  const { input, output, kernel } = window;
  const spatial = kernel.map((_, axis) => axis);
  const covered = output.map((count, axis) => count * kernel[axis]!);
  const rest = input.map((size, axis) => size - covered[axis]!);
  const axes = spatial.map((axis) => axis + 2);
  const isWhole = rest.every((count) => count === 0);
  const seen = isWhole
    ? x
    : g.slice(
        x,
        axes,
        spatial.map(() => 0),
        covered,
      );
  const windows = g.reshape(seen, [batch, channels, ...spatial.flatMap((axis) => [output[axis]!, kernel[axis]!])]);
  const perWindow = (value: Value) => g.reshape(value, [batch, channels, ...output.flatMap((count) => [count, 1])]);
  const taps = product(kernel);
  const ranks = g.constant(
    Array.from({ length: taps }, (_, i) => taps - i),
    'float32',
    kernel.flatMap((size) => [1, size]).slice(1),
  );
  const zero = g.constant(0);
  const rank = g.where(g.op('Equal', [windows, perWindow(y)]), ranks, zero);
  const first = g.op('ReduceMax', [rank, g.int64(spatial.map((axis) => 2 * axis + 3))], { keepdims: 1 });
  const dx = g.reshape(g.where(g.op('Equal', [rank, first]), perWindow(dy), zero), [batch, channels, ...covered]);
  return g.pad(dx, [...g.shape(x).map(() => 0), 0, 0, ...rest]);
}
