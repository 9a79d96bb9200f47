import { crc32 } from 'node:zlib';
import { bytesAt, corrupt } from './image.js';

/** What IHDR says, with the palette and all image data. */
export interface PngParts {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colour: number;
  readonly isInterlaced: boolean;
  /** Three bytes a colour; empty without PLTE. */
  readonly palette: Uint8Array;
  /** The compressed data of all IDAT chunks. */
  readonly compressed: Uint8Array;
}

const SIGNATURE_BYTES = 8;

/** Bit depths each colour type may have. Source: PNG (ISO/IEC 15948), table 11.1. */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** All chunks up to IEND, their checksums verified. */
function* chunks(stream: Uint8Array): Generator<{ readonly type: string; readonly data: Uint8Array }> {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  for (let at = SIGNATURE_BYTES; ;) {
    bytesAt(stream, at, 12, 'PNG chunk');
    const length = view.getUint32(at);
    const body = bytesAt(stream, at + 4, length + 4, 'PNG chunk');
    const type = String.fromCharCode(...body.subarray(0, 4));
    bytesAt(stream, at, length + 12, 'PNG chunk');
    if (view.getUint32(at + 8 + length) !== crc32(body))
      corrupt(`PNG chunk ${JSON.stringify(type)}`, 'its checksum', 'another');
    if (type === 'IEND') return;
    yield { type, data: body.subarray(4) };
    at += length + 12;
  }
}

function readHeader(data: Uint8Array): Omit<PngParts, 'palette' | 'compressed'> {
  if (data.length !== 13) corrupt('PNG IHDR', '13 bytes', data.length);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [depth, colour, method, filter, interlace] = data.subarray(8) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (!DEPTHS[colour]?.includes(depth))
    corrupt('PNG IHDR', 'a colour type with a depth it may have', `${colour}, ${depth}`);
  if (method !== 0 || filter !== 0 || interlace > 1) {
    corrupt('PNG IHDR', 'methods 0, 0 and 0 or 1', [method, filter, interlace].join(', '));
  }
  return { width: view.getUint32(0), height: view.getUint32(4), depth, colour, isInterlaced: interlace === 1 };
}

/** Reads the chunks of a PNG stream that say what its pixels are. */
export function readPng(stream: Uint8Array): PngParts {
  let header: ReturnType<typeof readHeader> | undefined;
  let palette: Uint8Array = new Uint8Array(0);
  const compressed: Uint8Array[] = [];
  for (const { type, data } of chunks(stream)) {
    if (!header) {
      if (type !== 'IHDR') corrupt('PNG', 'IHDR first', JSON.stringify(type));
      header = readHeader(data);
    } else if (type === 'PLTE') {
      if (data.length % 3 !== 0 || data.length > 768) corrupt('PNG PLTE', 'up to 256 colours of 3 bytes', data.length);
      palette = data;
    } else if (type === 'IDAT') compressed.push(data);
    // An upper-case first letter: no decoder may pass over it.
    else if (/^[A-Z]/.test(type)) corrupt('PNG', 'known critical chunks', JSON.stringify(type));
  }
  if (!header) corrupt('PNG', 'IHDR', 'none');
  return { ...header, palette, compressed: Buffer.concat(compressed) };
}
