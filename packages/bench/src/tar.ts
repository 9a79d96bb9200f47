const blockBytes = 512;

/** The regular files of a ustar archive; contents are views of `archive`. */
export function* tarFiles(archive: Uint8Array): Generator<{ path: string; content: Uint8Array }> {
  const buffer = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  for (let at = 0; at + blockBytes <= buffer.length && buffer[at] !== 0;) {
    const field = (offset: number, length: number) =>
      buffer
        .toString('latin1', at + offset, at + offset + length)
        .replace(/\0.*$/s, '')
        .trim();
    const byteLength = parseInt(field(124, 12), 8);
    const start = at + blockBytes;
    const prefix = field(345, 155);
    const path = prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
    // '0' and NUL both mark a regular file.
    if (['0', ''].includes(field(156, 1))) yield { path, content: archive.subarray(start, start + byteLength) };
    at = start + Math.ceil(byteLength / blockBytes) * blockBytes;
  }
}
