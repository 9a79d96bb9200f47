import { GossamerError } from '../../../errors.js';

/** A decoded image: samples of 8 bits, row by row from the top; 1 channel is grey, 3 are red, green, blue. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Pixels of the largest image decoded: 50 MB as RGB. */
const MAX_PIXELS = 2 ** 24;

/** Throws ERR_EVAL_VALUE: the stream is not what its format demands. */
export function corrupt(what: string, expected: string, received: string | number): never {
  throw new GossamerError('ERR_EVAL_VALUE', `image: ${what}: expected ${expected}, received ${received}`);
}

/** Throws ERR_EVAL_OP: the stream is fine, but this is not decoded. */
export function unsupported(what: string, expected: string, received: string | number): never {
  throw new GossamerError('ERR_EVAL_OP', `image: ${what}: expected ${expected}, received ${received}`);
}

/** An image of zeros; ERR_EVAL_VALUE without a pixel, ERR_EVAL_BUDGET with more than 2^24. Call it when its data are known to be there. */
export function makeImage(width: number, height: number, channels: 1 | 3): Image {
  checkSize(width, height);
  return { width, height, channels, data: new Uint8Array(width * height * channels) };
}

/** The checks of `makeImage` alone, for what must be known before data are unpacked. */
export function checkSize(width: number, height: number): void {
  if (!(width >= 1 && height >= 1)) corrupt('size', 'at least 1x1', `${width}x${height}`);
  if (width * height > MAX_PIXELS) {
    const message = `image: size: expected at most ${MAX_PIXELS} pixels, received ${width}x${height}`;
    throw new GossamerError('ERR_EVAL_BUDGET', message);
  }
}

/** Bytes [start, start + length) of a stream; ERR_EVAL_VALUE when it ends before. */
export function bytesAt(stream: Uint8Array, start: number, length: number, what: string): Uint8Array {
  if (!(start >= 0 && length >= 0 && start + length <= stream.length)) {
    corrupt(what, `${length} bytes at ${start}`, `a stream of ${stream.length} bytes`);
  }
  return stream.subarray(start, start + length);
}

/** Sample `index` of a row of samples of 1, 2, 4 or 8 bits, the first in the high bits. */
export function packedSample(row: Uint8Array, index: number, bits: number): number {
  const at = index * bits;
  return (row[at >> 3]! >> (8 - bits - (at & 7))) & ((1 << bits) - 1);
}
