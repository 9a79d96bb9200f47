import { bytesAt, checkSize, corrupt, type Image, makeImage, packedSample, unsupported } from './image.js';

/** Tags of baseline TIFF. Source: TIFF 6.0, Adobe, 1992, section 8. */
const TAG = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  offsets: 273,
  samples: 277,
  rows: 278,
  lengths: 279,
  planar: 284,
  palette: 320,
} as const;

/** Values of the photometric tag. */
const WHITE_IS_ZERO = 0;
const RGB = 2;
const PALETTE = 3;

/** Bytes of a field's type: byte, short, long. */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4 };

/** The numeric fields of the first directory. */
class Directory {
  readonly #fields = new Map<number, readonly number[]>();

  constructor(stream: Uint8Array) {
    const isLittle = stream[0] === 0x49;
    const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
    bytesAt(stream, 0, 8, 'TIFF header');
    const start = view.getUint32(4, isLittle);
    bytesAt(stream, start, 2, 'TIFF directory');
    const count = view.getUint16(start, isLittle);
    bytesAt(stream, start + 2, count * 12, 'TIFF directory');
    const wanted = new Set<number>(Object.values(TAG));
    for (let at = start + 2; at < start + 2 + count * 12; at += 12) {
      const [tag, type] = [view.getUint16(at, isLittle), view.getUint16(at + 2, isLittle)];
      const size = SIZES[type];
      // A tag counts once, however often it comes.
      if (size === undefined || !wanted.delete(tag)) continue;
      const length = view.getUint32(at + 4, isLittle);
      // Values of up to 4 bytes stand in the entry itself.
      const place = length * size <= 4 ? at + 8 : view.getUint32(at + 8, isLittle);
      bytesAt(stream, place, length * size, `TIFF tag ${tag}`);
      const read = { 1: view.getUint8, 2: view.getUint16, 4: view.getUint32 }[size as 1 | 2 | 4].bind(view);
      this.#fields.set(
        tag,
        Array.from({ length }, (_, i) => read(place + i * size, isLittle)),
      );
    }
  }

  /** All values of a tag; ERR_EVAL_VALUE when it is absent. */
  list(name: keyof typeof TAG): readonly number[] {
    return this.#fields.get(TAG[name]) ?? corrupt('TIFF', `tag ${TAG[name]} (${name})`, 'none');
  }

  /** The first value of a tag, or the standard's default. */
  first(name: keyof typeof TAG, fallback?: number): number {
    return this.#fields.get(TAG[name])?.[0] ?? fallback ?? corrupt('TIFF', `tag ${TAG[name]} (${name})`, 'none');
  }
}

/** The strips one after the other. */
function readStrips(stream: Uint8Array, directory: Directory, length: number): Uint8Array {
  const [offsets, lengths] = [directory.list('offsets'), directory.list('lengths')];
  if (offsets.length !== lengths.length) corrupt('TIFF strips', `${offsets.length} lengths`, lengths.length);
  // Strips that overlap could be larger than the stream together.
  bytesAt(stream, 0, length, 'TIFF strips');
  const strips = offsets.map((offset, i) => bytesAt(stream, offset, lengths[i]!, 'TIFF strip'));
  const total = strips.reduce((sum, strip) => sum + strip.length, 0);
  if (total !== length) corrupt('TIFF strips', `${length} bytes`, total);
  return Buffer.concat(strips);
}

/** Refuses by name what is not baseline, uncompressed and one plane. */
function checkForm(directory: Directory): {
  readonly photometric: number;
  readonly bits: number;
  readonly samples: number;
} {
  const compression = directory.first('compression', 1);
  if (compression !== 1) unsupported('TIFF compression', '1 (none)', compression);
  const samples = directory.first('samples', 1);
  if (samples > 1 && directory.first('planar', 1) !== 1) unsupported('TIFF planes', '1', 2);
  const photometric = directory.first('photometric');
  if (photometric > PALETTE) unsupported('TIFF photometric tag', '0 to 3', photometric);
  const bits = directory.first('bits', 1);
  const isPacked = photometric !== RGB && samples === 1 && [1, 2, 4].includes(bits);
  if (bits !== 8 && !isPacked) unsupported('TIFF samples', '8 bits (grey and palette: 1, 2, 4)', bits);
  if (samples < (photometric === RGB ? 3 : 1)) corrupt('TIFF samples', '3 of a colour', samples);
  return { photometric, bits, samples };
}

/** Decodes baseline TIFF without compression: grey, RGB (further samples are dropped) and palettes; the first image of a file. */
export function decodeTiff(stream: Uint8Array): Image {
  const directory = new Directory(stream);
  const { photometric, bits, samples } = checkForm(directory);
  const [width, height] = [directory.first('width'), directory.first('height')];
  checkSize(width, height);
  const stride = Math.ceil((width * samples * bits) / 8);
  const data = readStrips(stream, directory, stride * height);
  const channels = photometric === RGB || photometric === PALETTE ? 3 : 1;
  const palette = photometric === PALETTE ? directory.list('palette') : [];
  const colours = 2 ** bits;
  if (photometric === PALETTE && palette.length !== 3 * colours)
    corrupt('TIFF palette', `${3 * colours}`, palette.length);
  const image = makeImage(width, height, channels);
  const largest = colours - 1;
  for (let i = 0; i < width * height * channels; i++) {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    const row = data.subarray(y * stride, (y + 1) * stride);
    const value = packedSample(row, x * samples + (photometric === RGB ? channel : 0), bits);
    // Palettes hold 16 bits, all reds first; the high 8 stay.
    if (photometric === PALETTE) image.data[i] = palette[channel * colours + value]! >> 8;
    else
      image.data[i] =
        photometric === RGB ? value : ((photometric === WHITE_IS_ZERO ? largest - value : value) * 255) / largest;
  }
  return image;
}
