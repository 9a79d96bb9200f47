/** Bytes of float32 elements as an array: a view where they are aligned, else a copy. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}

/** The bytes of an array. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Elements of 1, 2 or 4 bytes as unsigned integers. */
export function wordsOf(bytes: Uint8Array, width: number): Uint8Array | Uint16Array | Uint32Array {
  if (width === 1) return bytes;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const count = bytes.length / width;
  return width === 2
    ? new Uint16Array(aligned.buffer, aligned.byteOffset, count)
    : new Uint32Array(aligned.buffer, aligned.byteOffset, count);
}
