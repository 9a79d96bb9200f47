import type { Chunk, ChunkList } from './chunk.js';

/** Largest piece copied at once. */
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * Produces the bytes of `list` in order, in pieces of at most 4 MiB (a `bytes` chunk and a stream's own pieces come whole).
 *
 * Each piece is valid until the next is asked for. A stream that yields another number of bytes than it promised throws a
 * plain Error: lengths before it are already written.
 */
export function* readChunks(list: ChunkList): Generator<Uint8Array, void, undefined> {
  let buffer: Uint8Array | undefined;
  for (const chunk of list.chunks) {
    if (chunk.kind === 'bytes') {
      yield chunk.bytes;
    } else if (chunk.kind === 'stream') {
      yield* readStream(chunk);
    } else if (chunk.source.isResident) {
      yield chunk.source.read(chunk.start, chunk.end);
    } else {
      buffer ??= Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, list.byteLength));
      for (let at = chunk.start; at < chunk.end; at += buffer.byteLength) {
        const piece = buffer.subarray(0, Math.min(buffer.byteLength, chunk.end - at));
        chunk.source.readInto(at, piece);
        yield piece;
      }
    }
  }
}

function* readStream(chunk: Chunk & { kind: 'stream' }): Generator<Uint8Array, void, undefined> {
  let done = 0;
  for (const piece of chunk.read()) {
    done += piece.byteLength;
    if (done > chunk.byteLength) break;
    yield piece;
  }
  if (done !== chunk.byteLength)
    throw new Error(`stream: promised ${chunk.byteLength} bytes, produced ${done} or more`);
}

/** All bytes of `list` in memory: a fresh array. */
export function toBytes(list: ChunkList): Uint8Array {
  const bytes = new Uint8Array(list.byteLength);
  let offset = 0;
  for (const piece of readChunks(list)) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}
