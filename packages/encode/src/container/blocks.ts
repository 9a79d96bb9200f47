/** Streams gather in blocks of at least this many bytes; a block has one checksum. */
const BLOCK_BYTES = 2 ** 16;

/** Streams that share a checksum: `first` up to but not including `end`. */
export interface Block {
  readonly first: number;
  readonly end: number;
  /** Where the block begins, in bytes behind the head; its checksum follows its streams. */
  readonly start: number;
  readonly byteLength: number;
}

/** How streams of these lengths are put in blocks. Streams of 0 bytes belong to the block that is open. */
export function blocksOf(lengths: readonly number[]): readonly Block[] {
  const blocks: Block[] = [];
  let first = 0;
  let start = 0;
  let byteLength = 0;
  for (let i = 0; i < lengths.length; i++) {
    byteLength += lengths[i]!;
    if (byteLength < BLOCK_BYTES && i + 1 < lengths.length) continue;
    blocks.push({ first, end: i + 1, start, byteLength });
    start += byteLength + 4;
    first = i + 1;
    byteLength = 0;
  }
  return blocks;
}
