import { attribute, GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { restOf, type Window, windowAttributes, windowOf } from '../emit/window.js';
import type { TrainErrorCode } from '../error-codes.js';
import { defineLowering } from './lowering.js';

/** p of the norm. */
function powerOf(node: Node): number {
  const p = node.int('p', 2);
  if (p >= 1) return p;
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAINING_FORM',
    `node ${node.id}: p: expected an integer > 0, received ${p}`,
  );
}

const powers = (g: Emitter, x: Value, p: number): Value =>
  p === 1 ? g.op('Abs', [x]) : p === 2 ? g.mul(x, x) : g.op('Pow', [g.op('Abs', [x]), g.constant(p)]);

/** The p-th root of sums >= 0; its slope at 0, where the root has none, is 0. */
function root(g: Emitter, sums: Value, p: number): Value {
  if (p === 1) return sums;
  const isPositive = g.op('Greater', [sums, g.constant(0)]);
  const positive = g.where(isPositive, sums, g.constant(1));
  const rooted = p === 2 ? g.op('Sqrt', [positive]) : g.op('Pow', [positive, g.constant(1 / p)]);
  return g.where(isPositive, rooted, g.constant(0));
}

/** Sums of windows: a convolution with ones, of channels as samples. Where ceil_mode lets a window reach beyond, zeros stand. */
function windowSums(g: Emitter, x: Value, window: Window): Value {
  const [batch, channels, ...sizes] = g.shape(x) as [number, number, ...number[]];
  const images = g.reshape(x, [batch * channels, 1, ...sizes]);
  const reached = window.padsEnd.map((count, axis) => count - Math.min(0, restOf(window, axis)));
  const sums = g.op('Conv', [images, g.expand(g.constant(1), [1, 1, ...window.kernel])], {
    ...windowAttributes({ ...window, padsEnd: reached }),
    kernel_shape: attribute.ints(window.kernel),
  });
  return g.reshape(sums, [batch, channels, ...window.output]);
}

/** The p-norms of windows. */
export const lpPoolLowering = defineLowering({
  op: 'LpPool',
  lower(g, node, [x]) {
    const p = powerOf(node);
    const window = windowOf(node, g.shape(x!).slice(2), g.shape(node.outputs[0]!).slice(2));
    return [root(g, windowSums(g, powers(g, x!, p), window), p)];
  },
});

/** The p-norms of whole maps. */
export const globalLpPoolLowering = defineLowering({
  op: 'GlobalLpPool',
  lower(g, node, [x]) {
    const p = powerOf(node);
    const axes = g.shape(x!).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    return [root(g, g.sum(powers(g, x!, p), axes, 1), p)];
  },
});
