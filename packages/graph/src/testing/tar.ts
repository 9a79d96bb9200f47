const BLOCK_BYTES = 512;
const REGULAR_FILES = ['0', '\0'];

/** The regular files of a ustar archive by path; contents are views of `archive`. Other entries, and GNU or pax extensions, are skipped. */
export function* tarFiles(archive: Uint8Array): Generator<{ path: string; content: Uint8Array }> {
  for (let at = 0; at + BLOCK_BYTES <= archive.byteLength;) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) return;
    const byteLength = parseInt(text(header, 124, 12), 8);
    const start = at + BLOCK_BYTES;
    if (!(start + byteLength <= archive.byteLength))
      throw new Error(`tar: the entry at byte ${at} reaches past the end`);
    if (REGULAR_FILES.includes(String.fromCharCode(header[156]!))) {
      const prefix = text(header, 345, 155);
      const name = text(header, 0, 100);
      yield { path: prefix === '' ? name : `${prefix}/${name}`, content: archive.subarray(start, start + byteLength) };
    }
    at = start + Math.ceil(byteLength / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

/** A NUL-terminated field of a header. */
function text(header: Uint8Array, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end))
    .toString('latin1')
    .trim();
}
