import type { Value } from '@gossamer/graph';
import type { Emitter } from '../../emit/emitter.js';
import { indicesOf } from '../../emit/window.js';
import { padSpatial, product, seenByTap } from '../convolution.js';
import type { Formulation } from './formulation.js';

/** Channels first to channels last. */
const toLast = (g: Emitter, x: Value): Value => {
  const rank = g.rank(x);
  return g.transpose(x, [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1]);
};

/**
 * Channels last, so that a product dy^T [o, n * positions] x seen [n * positions, c] runs over batch and positions at once; one for each row of the
 * kernel, with what its taps saw side by side. No groups.
 */
export const channelsLastByRow: Formulation = (g, x, dy, problem) => {
  const { batch, channels, outChannels, kernel, output } = problem;
  const last = kernel.length - 1;
  const columns = kernel[last]!;
  const positions = batch * product(output);
  const padded = padSpatial(g, toLast(g, x), problem, 1);
  // The innermost axis is cut once for all rows.
  const cuts = Array.from({ length: columns }, (_, column) =>
    seenByTap(g, padded, problem, 1, [...kernel.slice(0, last).fill(0), column], [last]),
  );
  const part = g.concat(cuts, g.rank(x) - 1);
  const rows = g.reshape(toLast(g, dy), [positions, outChannels]);
  const outer = kernel.slice(0, last);
  const width = columns * channels;
  const sums = indicesOf(outer).map((tap) => {
    const seen = seenByTap(g, part, problem, 1, tap);
    return g.matmul(rows, g.reshape(seen, [positions, width]), true);
  });
  const taps = g.reshape(g.concat(sums, 1), [outChannels, product(kernel), channels]);
  return g.reshape(g.transpose(taps, [0, 2, 1]), [outChannels, channels, ...kernel]);
};
