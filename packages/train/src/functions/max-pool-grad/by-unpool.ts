import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import { extentOf, type Window } from '../../emit/window.js';

/** Whether windows tile x exactly: every element is in one of them. */
export const tiles = (window: Window): boolean =>
  window.kernel.every(
    (size, axis) =>
      size === window.strides[axis] &&
      extentOf(window, axis) === size &&
      window.padsBegin[axis] === 0 &&
      window.output[axis]! * size === window.input[axis],
  );

/** As by indices, where no two windows share an element: dy is put there, not added. */
export function byUnpool(g: Emitter, dy: Value, x: Value, window: Window): Value {
  const attributes = { kernel_shape: window.kernel, strides: window.strides };
  const places = g.ops('MaxPool', [x], attributes, { outputs: 2 })[1]!;
  return g.op('MaxUnpool', [dy, places, g.int64(g.shape(x))], attributes);
}
