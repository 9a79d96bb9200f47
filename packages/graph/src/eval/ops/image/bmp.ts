import { bytesAt, checkSize, corrupt, type Image, makeImage, packedSample, unsupported } from './image.js';

/** Bytes before the info header. */
const FILE_HEADER = 14;
/** The info header without masks; the oldest has 12 bytes and sizes of 16 bits. */
const INFO_HEADER = 40;
const CORE_HEADER = 12;
/** Where the masks of red, green and blue are. */
const MASKS = FILE_HEADER + INFO_HEADER;

const RGB = 0;
const MASKED = new Set([3, 6]);

interface Header {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels begin. */
  readonly start: number;
  /** Where the palette begins, its entries and the bytes of one. */
  readonly palette: { readonly start: number; readonly count: number; readonly size: number };
}

function readHeader(stream: Uint8Array, view: DataView): Header {
  bytesAt(stream, 0, FILE_HEADER + CORE_HEADER, 'BMP header');
  const [start, size] = [view.getUint32(10, true), view.getUint32(14, true)];
  const palette = FILE_HEADER + size;
  if (size === CORE_HEADER) {
    const [width, height, bits] = [18, 20, 24].map((at) => view.getUint16(at, true)) as [number, number, number];
    const entries = { start: palette, count: 2 ** Math.min(bits, 8), size: 3 };
    return { width, height, isTopDown: false, bits, compression: RGB, start, palette: entries };
  }
  if (size < INFO_HEADER) corrupt('BMP header', `${CORE_HEADER} or at least ${INFO_HEADER} bytes`, size);
  bytesAt(stream, 0, FILE_HEADER + INFO_HEADER, 'BMP header');
  const bits = view.getUint16(28, true);
  const [width, height] = [view.getInt32(18, true), view.getInt32(22, true)];
  const used = view.getUint32(46, true);
  return {
    width,
    height: Math.abs(height),
    isTopDown: height < 0,
    bits,
    compression: view.getUint32(30, true),
    start,
    palette: { start: palette, count: used === 0 ? 2 ** Math.min(bits, 8) : used, size: 4 },
  };
}

/** Colours of a palette, three bytes each in the order red, green, blue. */
function readPalette(stream: Uint8Array, { palette }: Header): Uint8Array {
  const { start, size } = palette;
  const count = Math.min(palette.count, 256);
  const entries = bytesAt(stream, start, count * size, 'BMP palette');
  return Uint8Array.from({ length: count * 3 }, (_, i) => entries[Math.floor(i / 3) * size + 2 - (i % 3)]!);
}

/** The part of a pixel under a mask, as 8 bits. */
function channel(pixel: number, mask: number): number {
  if (mask === 0) return 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const largest = mask >>> shift;
  return Math.floor((((pixel & mask) >>> shift) * 255) / largest);
}

/** Masks of red, green and blue for pixels of 16 and 32 bits. */
function masksOf(stream: Uint8Array, view: DataView, { bits, compression }: Header): readonly number[] {
  if (MASKED.has(compression)) {
    bytesAt(stream, MASKS, 12, 'BMP masks');
    return [0, 4, 8].map((at) => view.getUint32(MASKS + at, true));
  }
  return bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0x00ff00, 0x0000ff];
}

/** How the colour of pixel `x` of a row is written to three bytes. */
type Painter = (row: Uint8Array, x: number, to: Uint8Array, at: number) => void;

function painterOf(stream: Uint8Array, view: DataView, header: Header): Painter {
  const { bits, compression } = header;
  const isMasked = MASKED.has(compression) && (bits === 16 || bits === 32);
  if (compression !== RGB && !isMasked) unsupported('BMP compression', '0 (none), 3 or 6 (masks)', compression);
  if (bits === 1 || bits === 2 || bits === 4 || bits === 8) {
    const colours = readPalette(stream, header);
    return (row, x, to, at) => {
      const index = packedSample(row, x, bits);
      if (index * 3 >= colours.length) corrupt('BMP pixel', `a colour in [0, ${colours.length / 3})`, index);
      to.set(colours.subarray(index * 3, index * 3 + 3), at);
    };
  }
  if (bits === 24) {
    return (row, x, to, at) => {
      for (let i = 0; i < 3; i++) to[at + i] = row[x * 3 + 2 - i]!;
    };
  }
  if (bits !== 16 && bits !== 32) corrupt('BMP pixel', '1, 2, 4, 8, 16, 24 or 32 bits', bits);
  const masks = masksOf(stream, view, header);
  const size = bits / 8;
  return (row, x, to, at) => {
    let pixel = 0;
    for (let i = size - 1; i >= 0; i--) pixel = (pixel << 8) | row[x * size + i]!;
    masks.forEach((mask, i) => (to[at + i] = channel(pixel, mask)));
  };
}

/** Decodes uncompressed BMP of 1 to 32 bits a pixel, with a palette or masks; alpha is dropped. Run-length coding is refused by name. */
export function decodeBmp(stream: Uint8Array): Image {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const header = readHeader(stream, view);
  const { width, height, bits, start } = header;
  checkSize(width, height);
  const paint = painterOf(stream, view, header);
  // Rows are padded to 4 bytes.
  const stride = Math.ceil((width * bits) / 32) * 4;
  const pixels = bytesAt(stream, start, stride * height, 'BMP pixels');
  const image = makeImage(width, height, 3);
  for (let y = 0; y < height; y++) {
    const from = header.isTopDown ? y : height - 1 - y;
    const row = pixels.subarray(from * stride, (from + 1) * stride);
    for (let x = 0; x < width; x++) paint(row, x, image.data, (y * width + x) * 3);
  }
  return image;
}
