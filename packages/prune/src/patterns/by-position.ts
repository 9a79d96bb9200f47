import type { Pattern, ScoredMatrix } from './pattern.js';

/** With fewer channels than this the native engine sums over several positions in one piece (kFewChannels of native/engine/operators/int8_conv.cc). */
const FEW_CHANNELS = 16;

/**
 * `pattern` over the pieces that engines go through a convolution's sum in: a piece is one kernel position, the channels of it side by side, for so activations lie in memory (NHWC), and no window of a sparse kernel
 * goes from one position into the next. The columns of a weight matrix are the other way round. Fewer than 16 channels make one piece of all positions; matrices of one position stay as they are.
 */
export function byPosition(pattern: Pattern): Pattern {
  return {
    ...pattern,
    choose(matrices, count) {
      const pieces = matrices.map(piecesOf);
      const masks = pattern.choose(
        pieces.flatMap((own, i) => own.map((columns) => take(matrices[i]!, columns))),
        count,
      );
      let at = 0;
      return matrices.map((matrix, i) => put(matrix, pieces[i]!, masks.slice(at, (at += pieces[i]!.length))));
    },
  };
}

/** The matrix's columns in each piece, in the order of the sum. */
export function piecesOf({ columns, taps }: Pick<ScoredMatrix, 'columns' | 'taps'>): Uint32Array[] {
  const channels = columns / taps;
  const order = Uint32Array.from({ length: columns }, (_, i) => (i % channels) * taps + Math.floor(i / channels));
  if (channels < FEW_CHANNELS) return [order];
  return Array.from({ length: taps }, (_, tap) => order.subarray(tap * channels, (tap + 1) * channels));
}

function take({ scores, rows, columns }: ScoredMatrix, piece: Uint32Array): ScoredMatrix {
  const own = new Float64Array(rows * piece.length);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < piece.length; i++) own[row * piece.length + i] = scores[row * columns + piece[i]!]!;
  return { scores: own, rows, columns: piece.length, taps: 1 };
}

/** The inverse, of masks. */
function put(
  { rows, columns }: ScoredMatrix,
  pieces: readonly Uint32Array[],
  masks: readonly Uint8Array[],
): Uint8Array {
  const mask = new Uint8Array(rows * columns);
  pieces.forEach((piece, p) => {
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < piece.length; i++) mask[row * columns + piece[i]!] = masks[p]![row * piece.length + i]!;
  });
  return mask;
}
