import type { Pattern, ScoredMatrix } from './pattern.js';

/**
 * `pattern` along a convolution's sum as engines go through it, kernel positions in row-major order and the channels of each side by side, for so activations lie in memory (NHWC). The columns of a weight matrix are the
 * other way round, and windows along them would be no windows to a kernel. Matrices of one kernel position stay as they are.
 */
export function channelsTogether(pattern: Pattern): Pattern {
  return {
    ...pattern,
    choose(matrices, count) {
      const ordered = matrices.map((matrix) => ({ ...matrix, scores: reorder(matrix.scores, columnOrder(matrix)) }));
      return pattern.choose(ordered, count).map((mask, i) => restore(mask, columnOrder(matrices[i]!)));
    },
  };
}

/** The matrix's column at each place of the engine's sum. */
export function columnOrder({ columns, taps }: Pick<ScoredMatrix, 'columns' | 'taps'>): Uint32Array {
  const channels = columns / taps;
  return Uint32Array.from({ length: columns }, (_, i) => (i % channels) * taps + Math.floor(i / channels));
}

/** Rows of `values` with their columns in `order`. */
function reorder(values: Float64Array, order: Uint32Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let row = 0; row < out.length; row += order.length)
    order.forEach((from, i) => (out[row + i] = values[row + from]!));
  return out;
}

/** The inverse. */
function restore(mask: Uint8Array, order: Uint32Array): Uint8Array {
  const out = new Uint8Array(mask.length);
  for (let row = 0; row < out.length; row += order.length) order.forEach((to, i) => (out[row + to] = mask[row + i]!));
  return out;
}
