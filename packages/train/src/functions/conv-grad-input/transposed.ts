import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import { restOf, type Window, windowAttributes } from '../../emit/window.js';
import type { Convolution } from '../convolution.js';

/** The transposed convolution of dy with w [o, c / group, kernel..] whose result has exactly the sizes of the window's input. */
export function convTransposeTo(g: Emitter, dy: Value, w: Value, window: Window, group: number): Value {
  const rests = window.input.map((_, axis) => restOf(window, axis));
  return g.op('ConvTranspose', [dy, w], {
    ...windowAttributes({ ...window, padsEnd: window.padsEnd.map((count, axis) => count - Math.min(0, rests[axis]!)) }),
    group,
    output_padding: rests.map((rest) => Math.max(0, rest)),
  });
}

/** Any convolution. */
export const transposed = (g: Emitter, dy: Value, w: Value, problem: Convolution): Value =>
  convTransposeTo(g, dy, w, problem, problem.group);
