import { indicesOf } from '../../emit/window.js';
import { padSpatial, product, seenByTap } from '../convolution.js';
import type { Formulation } from './formulation.js';

/** One channel a group: for each tap, dy times what the tap saw, summed. Several outputs of a channel are broadcast over. */
export const depthwise: Formulation = (g, x, dy, problem) => {
  const { batch, channels, outChannels, kernel, output } = problem;
  const multiplier = outChannels / channels;
  const padded = padSpatial(g, x, problem, 2);
  const positions = product(output);
  const rows = g.reshape(dy, [batch, channels, multiplier, positions]);
  const dots = indicesOf(kernel).map((tap) => {
    const seen = g.reshape(seenByTap(g, padded, problem, 2, tap), [batch, channels, 1, positions]);
    return g.reshape(g.sum(g.mul(seen, rows), [0, 3]), [1, outChannels]);
  });
  return g.reshape(g.transpose(g.concat(dots, 0), [1, 0]), [outChannels, 1, ...kernel]);
};
