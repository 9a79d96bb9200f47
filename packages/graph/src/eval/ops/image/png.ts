import { inflateSync } from 'node:zlib';
import { checkSize, corrupt, type Image, makeImage, packedSample } from './image.js';
import { type PngParts, readPng } from './png-chunks.js';

/** Samples of a pixel, by colour type. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const PALETTE = 3;

/** A reduced image: every `dx`-th pixel of every `dy`-th row from (x, y). */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

const WHOLE: readonly Pass[] = [{ x: 0, y: 0, dx: 1, dy: 1 }];

/** Source: PNG (ISO/IEC 15948), 8.2: Adam7. */
const ADAM7: readonly Pass[] = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

/** A pass with its size in pixels and the bytes of one of its rows; passes without a pixel are left out. */
function passesOf({ width, height, depth, colour, isInterlaced }: PngParts) {
  return (isInterlaced ? ADAM7 : WHOLE)
    .map((pass) => {
      const columns = Math.max(0, Math.ceil((width - pass.x) / pass.dx));
      const rows = Math.max(0, Math.ceil((height - pass.y) / pass.dy));
      return { ...pass, columns, rows, stride: Math.ceil((columns * depth * SAMPLES[colour]!) / 8) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Exactly `length` bytes; more are not even unpacked. */
function inflate(compressed: Uint8Array, length: number): Uint8Array {
  let data: Uint8Array;
  try {
    data = inflateSync(compressed, { maxOutputLength: length });
  } catch (error) {
    return corrupt('PNG data', `${length} bytes, deflated`, error instanceof Error ? error.message : String(error));
  }
  if (data.length !== length) corrupt('PNG data', `${length} bytes`, data.length);
  return data;
}

/** Whichever of left, above and above left is nearest to left + above - above left. Source: PNG, 9.4. */
function paeth(left: number, above: number, corner: number): number {
  const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}

/** Undoes a row's filter in place; `step` is the bytes of a pixel, at least 1. Source: PNG, 9.2. */
function unfilter(kind: number, row: Uint8Array, above: Uint8Array, step: number): void {
  if (kind > 4) corrupt('PNG filter', '0 to 4', kind);
  if (kind === 0) return;
  for (let i = 0; i < row.length; i++) {
    const left = i < step ? 0 : row[i - step]!;
    const up = above[i]!;
    if (kind === 1) row[i]! += left;
    else if (kind === 2) row[i]! += up;
    else if (kind === 3) row[i]! += (left + up) >> 1;
    else row[i]! += paeth(left, up, i < step ? 0 : above[i - step]!);
  }
}

/** How pixel `x` of an unfiltered row is written: grey as one byte, colours as three; alpha is dropped, of 16 bits the high 8 stay. */
function painterOf({
  depth,
  colour,
  palette,
}: PngParts): (row: Uint8Array, x: number, to: Uint8Array, at: number) => void {
  if (colour === PALETTE) {
    return (row, x, to, at) => {
      const index = packedSample(row, x, depth);
      if (index * 3 >= palette.length) corrupt('PNG pixel', `a colour in [0, ${palette.length / 3})`, index);
      to.set(palette.subarray(index * 3, index * 3 + 3), at);
    };
  }
  const samples = SAMPLES[colour]!;
  if (depth < 8) {
    const largest = 2 ** depth - 1;
    return (row, x, to, at) => (to[at] = (packedSample(row, x, depth) * 255) / largest);
  }
  const size = depth / 8;
  const kept = samples < 3 ? 1 : 3;
  return (row, x, to, at) => {
    for (let i = 0; i < kept; i++) to[at + i] = row[(x * samples + i) * size]!;
  };
}

/** Decodes PNG of every colour type and depth, interlaced or not. Gamma and colour profiles are not applied. */
export function decodePng(stream: Uint8Array): Image {
  const parts = readPng(stream);
  const { width, height, depth, colour } = parts;
  checkSize(width, height);
  const passes = passesOf(parts);
  const length = passes.reduce((sum, { rows, stride }) => sum + rows * (1 + stride), 0);
  const data = inflate(parts.compressed, length);
  const channels = colour === 0 || colour === 4 ? 1 : 3;
  const image = makeImage(width, height, channels);
  const paint = painterOf(parts);
  const step = Math.max(1, (depth * SAMPLES[colour]!) >> 3);
  let place = 0;
  for (const { x, y, dx, dy, columns, rows, stride } of passes) {
    let above: Uint8Array = new Uint8Array(stride);
    for (let row = 0; row < rows; row++, place += 1 + stride) {
      const own = data.subarray(place + 1, place + 1 + stride);
      unfilter(data[place]!, own, above, step);
      for (let i = 0; i < columns; i++) {
        paint(own, i, image.data, ((y + row * dy) * width + x + i * dx) * channels);
      }
      above = own;
    }
  }
  return image;
}
