import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import { type Window, windowAttributes } from '../../emit/window.js';

/** Asks MaxPool again, now for the places of its maxima, and adds dy there. Any window. */
export function byIndices(g: Emitter, dy: Value, x: Value, window: Window, ceilMode: number): Value {
  const places = g.ops(
    'MaxPool',
    [x],
    { ...windowAttributes(window), kernel_shape: window.kernel, ceil_mode: ceilMode },
    { outputs: 2 },
  )[1]!;
  const flat = (value: Value) => g.reshape(value, [g.size(value)]);
  const zeros = g.zeros([g.size(x)], g.dtype(x));
  const scattered = g.op('ScatterElements', [zeros, flat(places), flat(dy)], { axis: 0, reduction: 'add' });
  return g.reshape(scattered, g.shape(x));
}
