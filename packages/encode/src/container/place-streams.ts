import { encodeError } from '../error-codes.js';
import { blocksOf } from './blocks.js';
import { SMALL_FILE_BYTES } from './head.js';

/** Where a stream lies in a file. */
export interface StreamPlace {
  readonly start: number;
  readonly byteLength: number;
  /** The streams that share its checksum, which follows them; none in a small file. */
  readonly block: { readonly start: number; readonly end: number } | undefined;
}

/**
 * Places `count` streams behind a head of `headBytes`: all but the last have the `lengths`, the last one what the file has left. Throws ERR_GSM_FORMAT
 * for a file that is too short, or has more than they take.
 */
export function placeStreams(
  lengths: readonly number[],
  count: number,
  headBytes: number,
  fileBytes: number,
): readonly StreamPlace[] {
  if (lengths.length !== Math.max(0, count - 1)) throw mismatch(`${Math.max(0, count - 1)} lengths`, lengths.length);
  const isSmall = fileBytes <= SMALL_FILE_BYTES;
  const known = lengths.reduce((a, b) => a + b, 0);
  // Blocks that the streams before the last one fill; it ends one more.
  const filled = blocksOf([...lengths, Infinity]).length - 1;
  const sums = isSmall ? 4 : count === 0 ? 0 : 4 * (filled + 1);
  const last = fileBytes - headBytes - known - sums;
  if (last < 0 || (count === 0 && last > 0)) throw mismatch('the bytes of the streams', fileBytes - headBytes);
  if (count === 0) return [];
  const all = [...lengths, last];
  const places: StreamPlace[] = [];
  for (const { first, end, start, byteLength } of isSmall
    ? [{ first: 0, end: count, start: 0, byteLength: 0 }]
    : blocksOf(all)) {
    const from = headBytes + start;
    const block = isSmall ? undefined : { start: from, end: from + byteLength };
    for (let i = first, at = from; i < end; at += all[i++]!) places.push({ start: at, byteLength: all[i]!, block });
  }
  return places;
}

function mismatch(expected: string, received: number): Error {
  return encodeError('ERR_GSM_FORMAT', `file: expected ${expected}, received ${received}`);
}
