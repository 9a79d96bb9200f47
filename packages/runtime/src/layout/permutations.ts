/** Axes of a tensor of rank `rank` with channels at 1, in the order with channels last. */
export const channelsLastPerm = (rank: number): number[] => [0, ...range(2, rank), 1];

/** The way back. */
export const channelsFirstPerm = (rank: number): number[] => [0, rank - 1, ...range(1, rank - 1)];

/** What transposing by `inner` and then by `outer` is. */
export const composed = (inner: readonly number[], outer: readonly number[]): number[] =>
  outer.map((axis) => inner[axis]!);

export const isIdentity = (perm: readonly number[]): boolean => perm.every((axis, index) => axis === index);

/** The elements of `list` in the order of `perm`. */
export const permuted = <T>(list: readonly T[], perm: readonly number[]): T[] => perm.map((axis) => list[axis]!);

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(end - start, 0) }, (_, i) => start + i);
}
