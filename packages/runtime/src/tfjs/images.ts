import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { type Call, last } from './call.js';
import type { Tf } from './backend.js';
import type { Result } from './operator.js';

/** An input as images, [N, height, width, C]; of rank 3 with height 1. */
export function images(call: Call, index: number): Tensor4D {
  const x = call.held(index).last();
  return (x.rank === 3 ? call.tf.reshape(x, [x.shape[0]!, 1, x.shape[1]!, x.shape[2]!]) : x) as Tensor4D;
}

/** Images as a result of rank `rank`. */
export function fromImages(call: Call, y: Tensor, rank: number): Result {
  return last(rank === 3 ? call.tf.reshape(y, [y.shape[0]!, y.shape[2]!, y.shape[3]!]) : y);
}

type Pads = readonly [readonly [number, number], readonly [number, number]];

/** Images with rows and columns added, or taken off where a number is negative. */
export function padded(tf: Tf, x: Tensor4D, pads: Pads, value = 0): Tensor4D {
  const less = pads.map((sides) => sides.map((side) => Math.max(-side, 0)));
  const more = pads.map((sides) => sides.map((side) => Math.max(side, 0)) as [number, number]);
  const [[top, bottom], [left, right]] = less as [[number, number], [number, number]];
  const [n, height, width, channels] = x.shape;
  const isCut = top + bottom + left + right > 0;
  const cut = isCut ? tf.slice(x, [0, top, left, 0], [n, height - top - bottom, width - left - right, channels]) : x;
  if (more.flat().every((side) => side === 0)) return cut;
  return tf.pad(cut, [[0, 0], ...more, [0, 0]], value);
}
