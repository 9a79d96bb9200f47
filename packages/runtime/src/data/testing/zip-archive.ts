import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a hand-made archive; what the directory says of it may be false. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  readonly crc32?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  /** Where the directory says the local header is. */
  readonly offset?: number;
  /** Sizes and CRC follow the data instead of standing in the local header. */
  readonly descriptor?: boolean;
  /** Sizes stand in a zip64 extra field of the directory. */
  readonly zip64?: boolean;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const DESCRIPTOR = 0x08074b50;
const USES_DESCRIPTOR = 8;
const IN_ZIP64 = 0xffffffff;

/** A zip archive, byte by byte. Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5. */
export function zipArchive(entries: readonly ZipEntry[]): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const local = localPart(entry);
    directory.push(centralPart(entry, at));
    pieces.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...pieces, central, end]);
}

const stored = ({ data, deflate }: ZipEntry) => (deflate ? deflateRawSync(data) : Buffer.from(data));

function facts(entry: ZipEntry) {
  const bytes = stored(entry);
  return {
    bytes,
    sum: entry.crc32 ?? crc32(entry.data),
    size: entry.size ?? entry.data.length,
    compressedSize: entry.compressedSize ?? bytes.length,
  };
}

function localPart(entry: ZipEntry): Buffer {
  const { bytes, sum, size, compressedSize } = facts(entry);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(LOCAL, 0);
  head.writeUInt16LE(entry.descriptor ? USES_DESCRIPTOR : 0, 6);
  head.writeUInt16LE(entry.deflate ? 8 : 0, 8);
  head.writeUInt16LE(entry.name.length, 26);
  const numbers = [sum, compressedSize, size].map((value) => Math.min(value, IN_ZIP64));
  if (!entry.descriptor) numbers.forEach((value, i) => head.writeUInt32LE(value, 14 + 4 * i));
  const tail = Buffer.alloc(entry.descriptor ? 16 : 0);
  if (entry.descriptor) [DESCRIPTOR, ...numbers].forEach((value, i) => tail.writeUInt32LE(value, 4 * i));
  return Buffer.concat([head, Buffer.from(entry.name), bytes, tail]);
}

function centralPart(entry: ZipEntry, at: number): Buffer {
  const { sum, size, compressedSize } = facts(entry);
  const extra = Buffer.alloc(entry.zip64 ? 20 : 0);
  if (entry.zip64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(16, 2);
    extra.writeBigUInt64LE(BigInt(size), 4);
    extra.writeBigUInt64LE(BigInt(compressedSize), 12);
  }
  const head = Buffer.alloc(46);
  head.writeUInt32LE(CENTRAL, 0);
  head.writeUInt16LE(entry.descriptor ? USES_DESCRIPTOR : 0, 8);
  head.writeUInt16LE(entry.deflate ? 8 : 0, 10);
  head.writeUInt32LE(sum, 16);
  head.writeUInt32LE(entry.zip64 ? IN_ZIP64 : compressedSize, 20);
  head.writeUInt32LE(entry.zip64 ? IN_ZIP64 : size, 24);
  head.writeUInt16LE(entry.name.length, 28);
  head.writeUInt16LE(extra.length, 30);
  head.writeUInt32LE(entry.offset ?? at, 42);
  return Buffer.concat([head, Buffer.from(entry.name), extra]);
}
