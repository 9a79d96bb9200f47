import { erkCounts } from '../allocation/erk.js';
import type { Pattern, ScoredMatrix } from '../patterns/pattern.js';

/** How many elements of each of some weights stay. */
export function keptCounts(
  shapes: readonly (readonly number[])[],
  sparsity: number,
  allocation: 'uniform' | 'erk',
): number[] {
  const sizes = shapes.map((dims) => dims.reduce((a, b) => a * b, 1));
  if (allocation === 'uniform') return sizes.map((size) => keptShare(size, sparsity));
  return erkCounts(
    shapes,
    keptShare(
      sizes.reduce((a, b) => a + b, 0),
      sparsity,
    ),
  );
}

/** How many of `size` elements stay. */
export const keptShare = (size: number, sparsity: number): number => size - Math.floor(sparsity * size);

/** The masks of weights, [groups, rows, columns], 1: stays. `kept`: how many of each weight, or of all together. */
export function chooseMasks(
  weights: readonly (readonly ScoredMatrix[])[],
  pattern: Pattern,
  kept: number | readonly number[],
): Uint8Array[] {
  if (typeof kept !== 'number') return weights.map((matrices, i) => concatMasks(pattern.choose(matrices, kept[i]!)));
  const all = pattern.choose(weights.flat(), kept);
  let at = 0;
  return weights.map(({ length }) => concatMasks(all.slice(at, (at += length))));
}

/** The same share of each row goes. */
export function chooseByRow(
  weights: readonly (readonly ScoredMatrix[])[],
  pattern: Pattern,
  sparsity: number,
): Uint8Array[] {
  return weights.map((matrices) =>
    concatMasks(
      matrices.flatMap(({ scores, rows, columns, taps }) =>
        Array.from({ length: rows }, (_, row) => {
          const own = { scores: scores.subarray(row * columns, (row + 1) * columns), rows: 1, columns, taps };
          return concatMasks(pattern.choose([own], keptShare(columns, sparsity)));
        }),
      ),
    ),
  );
}

/** Masks one after another. */
export function concatMasks(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
