import { bytesAt, corrupt, type Image, makeImage, packedSample } from './image.js';

const LARGEST = 65535;

const ZERO = 0x30;
const COMMENT = 0x23;
const LINE_END = 0x0a;

/** What comes before the samples: size, largest value and the place where they begin. */
interface Header {
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  readonly largest: number;
  readonly start: number;
}

const isSpace = (byte: number | undefined) => byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
const isDigit = (byte: number | undefined) => byte !== undefined && byte >= ZERO && byte <= ZERO + 9;

/** The first place from `at` that is neither white space nor in a comment. */
function skipSpace(stream: Uint8Array, at: number): number {
  let place = at;
  while (isSpace(stream[place]) || stream[place] === COMMENT) {
    if (stream[place] === COMMENT) while (place < stream.length && stream[place] !== LINE_END) place++;
    place++;
  }
  return place;
}

/** The number at or after `at`, past white space and comments, and where it ends. */
function readNumber(stream: Uint8Array, at: number): readonly [number, number] {
  let place = skipSpace(stream, at);
  if (!isDigit(stream[place])) corrupt('PNM', `a number at ${place}`, stream[place] ?? 'the end');
  let value = 0;
  for (; isDigit(stream[place]); place++) value = value * 10 + stream[place]! - ZERO;
  return [value, place];
}

function readHeader(stream: Uint8Array): Header {
  const kind = stream[1]! - ZERO;
  const [width, afterWidth] = readNumber(stream, 2);
  const [height, afterHeight] = readNumber(stream, afterWidth);
  const isBitmap = kind === 1 || kind === 4;
  const [largest, end] = isBitmap ? [1, afterHeight] : readNumber(stream, afterHeight);
  if (!(largest >= 1 && largest <= LARGEST)) corrupt('PNM', `a largest value in [1, ${LARGEST}]`, largest);
  if (!isSpace(stream[end])) corrupt('PNM', 'white space after the header', stream[end] ?? 'the end');
  return { kind, width, height, largest, start: end + 1 };
}

/** Samples of the binary forms: bits (P4, rows padded to bytes), bytes, or two bytes where the largest value is above 255. */
function binaryReader(stream: Uint8Array, header: Header, channels: number): (row: number, i: number) => number {
  const { kind, width, height, largest, start } = header;
  const bits = kind === 4 ? 1 : largest > 255 ? 16 : 8;
  const stride = Math.ceil((width * channels * bits) / 8);
  const data = bytesAt(stream, start, stride * height, 'PNM samples');
  if (bits === 16) return (row, i) => data[row * stride + 2 * i]! * 256 + data[row * stride + 2 * i + 1]!;
  return (row, i) => packedSample(data.subarray(row * stride, (row + 1) * stride), i, bits);
}

/** The next sample of the text forms; the digits of P1 may touch. A stream too short for its samples is refused at once. */
function textReader(stream: Uint8Array, { kind, width, height, start }: Header, channels: number): () => number {
  const samples = width * height * channels;
  // A sample and the space after it, but for the last, take two bytes (of P1: one).
  bytesAt(stream, start, kind === 1 ? samples : 2 * samples - 1, 'PNM samples');
  let at = start;
  return () => {
    if (kind === 1) {
      at = skipSpace(stream, at) + 1;
      return isDigit(stream[at - 1]) ? stream[at - 1]! - ZERO : corrupt('PNM', 'a digit', stream[at - 1] ?? 'the end');
    }
    const [value, end] = readNumber(stream, at);
    at = end;
    return value;
  };
}

/** Decodes PBM, PGM and PPM, text (P1 to P3) or binary (P4 to P6). Values other than 255 as the largest are scaled and rounded. */
export function decodePnm(stream: Uint8Array): Image {
  const header = readHeader(stream);
  const { kind, width, height, largest } = header;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const sample = kind <= 3 ? textReader(stream, header, channels) : binaryReader(stream, header, channels);
  const image = makeImage(width, height, channels);
  // 1 is black in a bitmap.
  const isInverted = kind === 1 || kind === 4;
  for (let row = 0; row < height; row++) {
    for (let i = 0; i < width * channels; i++) {
      const value = sample(row, i);
      if (value > largest) corrupt('PNM sample', `at most ${largest}`, value);
      image.data[row * width * channels + i] = Math.round(((isInverted ? 1 - value : value) * 255) / largest);
    }
  }
  return image;
}
