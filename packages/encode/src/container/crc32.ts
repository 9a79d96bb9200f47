import { crc32 as update } from 'node:zlib';

/** CRC-32 (IEEE 802.3, as in zip and PNG) of pieces in a row, 4 bytes, little-endian. */
export function crc32(...pieces: readonly Uint8Array[]): Uint8Array {
  const value = pieces.reduce((sum, piece) => update(piece, sum), 0);
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
