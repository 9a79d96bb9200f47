import type { Value } from '@gossamer/graph';
import { indicesOf } from '../../emit/window.js';
import { padSpatial, product, seenByTap } from '../convolution.js';
import type { Formulation } from './formulation.js';

/** One product dy [o, positions] x seen [positions, c] for each sample, group and tap, summed over the batch. */
export const samplesByTap: Formulation = (g, x, dy, problem) => {
  const { batch, channels, outChannels, group, kernel, output } = problem;
  const positions = product(output);
  const depth = channels / group;
  const padded = padSpatial(g, x, problem, 2);
  const rows = g.reshape(dy, [batch, group, outChannels / group, positions]);
  const taps = indicesOf(kernel).map((tap): Value => {
    const seen = g.reshape(seenByTap(g, padded, problem, 2, tap), [batch, group, depth, positions]);
    return g.reshape(g.sum(g.matmul(rows, seen, false, true), [0]), [1, outChannels, depth]);
  });
  return g.reshape(g.transpose(g.concat(taps, 0), [1, 2, 0]), [outChannels, depth, ...kernel]);
};

/** As samplesByTap, with what all taps saw as the rows of one matrix (im2col): for so few channels that a product of one tap is too thin. */
export const samplesByColumns: Formulation = (g, x, dy, problem) => {
  const { batch, channels, outChannels, group, kernel, output } = problem;
  const positions = product(output);
  const [depth, taps] = [channels / group, product(kernel)];
  const padded = padSpatial(g, x, problem, 2);
  const columns = g.concat(
    indicesOf(kernel).map((tap) => g.reshape(seenByTap(g, padded, problem, 2, tap), [batch, group, depth, positions])),
    2,
  );
  const rows = g.reshape(dy, [batch, group, outChannels / group, positions]);
  const sums = g.reshape(g.sum(g.matmul(rows, columns, false, true), [0]), [outChannels, taps, depth]);
  return g.reshape(g.transpose(sums, [0, 2, 1]), [outChannels, depth, ...kernel]);
};
