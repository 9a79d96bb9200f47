/** Sizes before and after; ratio = before / after, so > 1 is smaller. */
export interface Bytes {
  readonly before: number;
  readonly after: number;
  readonly ratio: number;
}

/** Sizes with their ratio. */
export function bytesOf(before: number, after: number): Bytes {
  return { before, after, ratio: after === 0 ? 0 : before / after };
}
