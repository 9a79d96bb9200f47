import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import { extentOf } from '../../emit/window.js';
import type { Convolution } from '../convolution.js';

/** Convolutions of stride 1: an ordinary convolution of dy with the kernel reversed and its channels exchanged within each group. */
export function flipped(g: Emitter, dy: Value, w: Value, problem: Convolution): Value {
  const { channels, outChannels, group, kernel, dilations } = problem;
  const depth = channels / group;
  const axes = kernel.map((_, axis) => axis + 2);
  const isPointwise = kernel.every((size) => size === 1);
  const reversed = isPointwise
    ? w
    : g.slice(
        w,
        axes,
        kernel.map(() => -1),
        // Before the first element, counted from the end.
        kernel.map((size) => -size - 1),
        kernel.map(() => -1),
      );
  const byGroup = g.reshape(reversed, [group, outChannels / group, depth, ...kernel]);
  const exchanged = g.transpose(byGroup, [0, 2, 1, ...axes.map((axis) => axis + 1)]);
  const begins = problem.padsBegin.map((count, axis) => extentOf(problem, axis) - 1 - count);
  const ends = problem.padsEnd.map((count, axis) => extentOf(problem, axis) - 1 - count);
  return g.op('Conv', [dy, g.reshape(exchanged, [channels, outChannels / group, ...kernel])], {
    dilations,
    pads: [...begins, ...ends],
    group,
  });
}
