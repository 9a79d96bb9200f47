import { GossamerError } from '@gossamer/graph';
import { ChunkList } from '@gossamer/graph/onnx';
import { crc32 } from 'node:zlib';
import type { RuntimeErrorCode } from '../error-codes.js';

/** A file of an archive, in pieces. */
export interface ZipContent {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** Names are UTF-8. */
const FLAGS = 1 << 11;
const VERSION = 20;
/** 1980-01-01, as numpy writes: equal content gives equal bytes. */
const DATE = 0x0021;
const MAX_BYTES = 2 ** 32 - 2;
const MAX_ENTRIES = 2 ** 16 - 2;

/** An archive of stored (not compressed) files in their order. Throws ERR_DATA_LIMIT from 4 GiB on. Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4. */
export function zipOf(contents: readonly ZipContent[]): ChunkList {
  const archive = new ChunkList();
  const directory: Buffer[] = [];
  for (const { name, pieces } of contents) {
    const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    const title = Buffer.from(name, 'utf8');
    if (archive.byteLength + size > MAX_BYTES || directory.length >= MAX_ENTRIES) throw tooLarge(name);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(VERSION, 0);
    facts.writeUInt16LE(FLAGS, 2);
    facts.writeUInt16LE(DATE, 8);
    facts.writeUInt32LE(checksumOf(pieces), 10);
    facts.writeUInt32LE(size, 14);
    facts.writeUInt32LE(size, 18);
    facts.writeUInt16LE(title.length, 22);
    directory.push(centralEntry(facts, title, archive.byteLength));
    archive.push(signature(LOCAL)).push(facts).push(title);
    for (const piece of pieces) archive.push(piece);
  }
  const start = archive.byteLength;
  for (const entry of directory) archive.push(entry);
  if (archive.byteLength > MAX_BYTES) throw tooLarge('its directory');
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(archive.byteLength - start, 12);
  end.writeUInt32LE(start, 16);
  return archive.push(end);
}

/** zlib begins anew at a piece without bytes. */
const checksumOf = (pieces: readonly Uint8Array[]) =>
  pieces.filter(({ length }) => length > 0).reduce((sum, piece) => crc32(piece, sum), 0);

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}

function centralEntry(facts: Buffer, title: Buffer, offset: number): Buffer {
  const head = Buffer.alloc(46);
  head.writeUInt32LE(CENTRAL, 0);
  head.writeUInt16LE(VERSION, 4);
  facts.copy(head, 6);
  head.writeUInt32LE(offset, 42);
  return Buffer.concat([head, title]);
}

const tooLarge = (name: string) =>
  new GossamerError<RuntimeErrorCode>(
    'ERR_DATA_LIMIT',
    `zip: expected an archive below 4 GiB and 65535 files, received more at ${name}`,
  );
