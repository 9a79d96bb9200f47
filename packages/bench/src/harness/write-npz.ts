import { closeSync, openSync, writeSync } from 'node:fs';
import type { Tensor } from '@gossamer/graph';
import { npyBytes } from './write-npy.js';

/** Writes arrays as an .npz file: a ZIP archive of .npy entries, not compressed. Source: APPNOTE.TXT 6.3.10, 4.3. */
export function writeNpz(path: string, arrays: Readonly<Record<string, Tensor>>): void {
  const file = openSync(path, 'w');
  try {
    const directory: Buffer[] = [];
    let at = 0;
    const write = (bytes: Uint8Array) => {
      writeSync(file, bytes);
      at += bytes.length;
    };
    for (const [name, tensor] of Object.entries(arrays)) {
      const content = npyBytes(tensor);
      const entryName = Buffer.from(`${name}.npy`);
      const facts = entryFacts(content, entryName.length);
      directory.push(centralHeader(facts, at), entryName);
      write(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, entryName]));
      write(content);
    }
    const start = at;
    directory.forEach(write);
    write(endOfDirectory(directory.length / 2, at - start, start));
  } finally {
    closeSync(file);
  }
}

/** The fields that local and central headers share: version, flags, method, time, CRC, sizes, name and extra length. */
function entryFacts(content: Uint8Array, nameLength: number): Buffer {
  const facts = Buffer.alloc(26);
  // Version 2.0; flags, method (stored) and time stay 0; 33 is the first day that the format can say.
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE(33, 8);
  facts.writeUInt32LE(crc32(content), 10);
  facts.writeUInt32LE(content.length, 14);
  facts.writeUInt32LE(content.length, 18);
  facts.writeUInt16LE(nameLength, 22);
  return facts;
}

function centralHeader(facts: Buffer, offset: number): Buffer {
  // Version made by, then comment length, disk, attributes (all 0), then where the entry starts.
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, tail]);
}

function endOfDirectory(entries: number, length: number, start: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(length, 12);
  end.writeUInt32LE(start, 16);
  return end;
}

/** CRC-32 of ISO 3309, as ZIP uses it: the reflected polynomial 0xedb88320, byte by byte. */
export function crc32(bytes: Uint8Array): number {
  const table = crcTable();
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function crcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
}
