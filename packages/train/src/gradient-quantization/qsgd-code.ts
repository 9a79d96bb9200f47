import { BitReader, BitWriter } from './bit-stream.js';
import { eliasLength, readElias, writeElias } from './elias.js';

/** A gradient after QSGD: element i of bucket b is norms[b] codes[i] / levels. */
export interface QsgdGradient {
  /** s: levels above 0. */
  readonly levels: number;
  /** Elements that share a norm; the last bucket may have fewer. */
  readonly bucket: number;
  readonly norms: Float32Array;
  /** Signed levels, in [-levels, levels]. */
  readonly codes: Int32Array;
}

const NORM_BITS = 32;

/** Length of the two codes of a bucket, less the norm and the bit that says which. */
function lengths(codes: Int32Array): { readonly sparse: number; readonly dense: number } {
  let sparse = 0;
  let dense = 0;
  let last = -1;
  codes.forEach((code, i) => {
    dense += eliasLength(Math.abs(code) + 1) + (code === 0 ? 0 : 1);
    if (code === 0) return;
    sparse += eliasLength(i - last) + 1 + eliasLength(Math.abs(code));
    last = i;
  });
  return { sparse: sparse + eliasLength(codes.length - last), dense };
}

function* buckets({ codes, bucket }: QsgdGradient): Generator<Int32Array> {
  for (let start = 0; start < codes.length; start += bucket) yield codes.subarray(start, start + bucket);
}

/** Bits that `encodeQsgd` writes. */
export function qsgdBits(gradient: QsgdGradient): number {
  let bits = 0;
  for (const codes of buckets(gradient)) {
    const { sparse, dense } = lengths(codes);
    bits += 1 + NORM_BITS + Math.min(sparse, dense);
  }
  return bits;
}

/**
 * Encodes each bucket in the shorter of QSGD's two forms, after a bit that says which (1: dense) and the norm as float32. Sparse: for every
 * nonzero code the Elias code of its distance from the one before, its sign and the Elias code of its magnitude; at the end the distance to
 * one past the last element. Dense: for every code the Elias code of its magnitude + 1, and its sign unless it is 0.
 *
 * Source: Alistarh et al., "QSGD: Communication-Efficient SGD via Gradient Quantization and Encoding", NeurIPS 2017 (arXiv:1610.02132),
 * section 3.2 (sparse) and its appendix (dense). The first bit and the distance at the end are ours: the paper leaves both to the receiver.
 */
export function encodeQsgd(gradient: QsgdGradient): Uint8Array {
  const writer = new BitWriter();
  const norms = new Uint32Array(gradient.norms.buffer, gradient.norms.byteOffset, gradient.norms.length);
  let at = 0;
  for (const codes of buckets(gradient)) {
    const { sparse, dense } = lengths(codes);
    const isDense = dense < sparse;
    writer.write(isDense ? 1 : 0, 1);
    writer.write(norms[at++]!, NORM_BITS);
    if (isDense) writeDense(writer, codes);
    else writeSparse(writer, codes);
  }
  return writer.bytes();
}

function writeDense(writer: BitWriter, codes: Int32Array): void {
  for (const code of codes) {
    writeElias(writer, Math.abs(code) + 1);
    if (code !== 0) writer.write(code < 0 ? 1 : 0, 1);
  }
}

function writeSparse(writer: BitWriter, codes: Int32Array): void {
  let last = -1;
  codes.forEach((code, i) => {
    if (code === 0) return;
    writeElias(writer, i - last);
    writer.write(code < 0 ? 1 : 0, 1);
    writeElias(writer, Math.abs(code));
    last = i;
  });
  writeElias(writer, codes.length - last);
}

/** Decodes `length` elements; levels and bucket are those of the encoding. */
export function decodeQsgd(bytes: Uint8Array, length: number, levels: number, bucket: number): QsgdGradient {
  const reader = new BitReader(bytes);
  const norms = new Float32Array(Math.ceil(length / bucket));
  const words = new Uint32Array(norms.buffer);
  const codes = new Int32Array(length);
  for (let b = 0; b < norms.length; b++) {
    const part = codes.subarray(b * bucket, (b + 1) * bucket);
    const isDense = reader.read(1) === 1;
    words[b] = reader.read(NORM_BITS);
    const signed = (magnitude: number): number => (magnitude !== 0 && reader.read(1) === 1 ? -magnitude : magnitude);
    if (isDense) {
      for (let i = 0; i < part.length; i++) part[i] = signed(readElias(reader) - 1);
      continue;
    }
    for (let i = readElias(reader) - 1; i < part.length; i += readElias(reader)) {
      const isNegative = reader.read(1) === 1;
      const magnitude = readElias(reader);
      part[i] = isNegative ? -magnitude : magnitude;
    }
  }
  return { levels, bucket, norms, codes };
}
