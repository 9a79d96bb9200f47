import type { MatrixCodes } from '../grid/quantized-matrix.js';

/** Widths that a byte is cut into, the widest first: 3 bits are stored as 2 and 1, 7 as 4, 2 and 1. */
const WIDTHS = [8, 4, 2, 1] as const;
export type StreamWidth = (typeof WIDTHS)[number];

/** Some bits of every code, packed into bytes without gaps. */
export interface CodeStream {
  readonly width: StreamWidth;
  /** Place of the lowest of these bits in the code. */
  readonly shift: number;
  /** ceil(codes * width / 8) bytes, the first code in the lowest bits. */
  readonly bytes: Uint8Array;
}

/** Codes of `bits` as streams that take just so many bits a code, but for the last byte of each. */
export function codeStreams(codes: MatrixCodes, bits: number): CodeStream[] {
  const streams: CodeStream[] = [];
  let shift = 0;
  let left = bits;
  while (left > 0) {
    const width = WIDTHS.find((each) => each <= left)!;
    streams.push({ width, shift, bytes: packStream(codes, shift, width) });
    shift += width;
    left -= width;
  }
  return streams;
}

function packStream(codes: MatrixCodes, shift: number, width: StreamWidth): Uint8Array {
  const perByte = 8 / width;
  const mask = 2 ** width - 1;
  const bytes = new Uint8Array(Math.ceil(codes.length / perByte));
  for (let i = 0; i < codes.length; i++) {
    bytes[Math.floor(i / perByte)]! |= ((codes[i]! >> shift) & mask) << ((i % perByte) * width);
  }
  return bytes;
}
