import { dtypeByteLength } from '@gossamer/graph';
import { ByteReader } from '../../coders/byte-reader.js';
import { ByteWriter } from '../../coders/byte-writer.js';
import { encodeError } from '../../error-codes.js';
import { decodeFloatPlanes, encodeFloatPlanes } from '../code-float-planes.js';
import { floatParts } from '../float-parts.js';
import { decodeIntegers, encodeIntegers } from '../integer-stream.js';
import type { TensorForm } from '../plain-tensor.js';

/** Zeros among fewer than this many elements are left to the exponents of `planes`. */
const MIN_ZEROS = 1 / 16;

/** Floats with many zeros (pruned ones): where they are not, as integers 0 and 1, and those elements in planes. */
export const masked: TensorForm = {
  name: 'masked',

  encode({ dtype, dims, bytes }) {
    const parts = floatParts(dtype);
    if (!parts) return undefined;
    const { width } = parts;
    const mask = Int32Array.from({ length: bytes.length / width }, (_, i) => {
      for (let k = 0; k < width; k++) if (bytes[i * width + k] !== 0) return 1;
      return 0;
    });
    const kept = mask.reduce((sum, bit) => sum + bit, 0);
    if (kept > mask.length * (1 - MIN_ZEROS)) return undefined;
    const rest = new Uint8Array(kept * width);
    let at = 0;
    mask.forEach((bit, i) => {
      if (bit === 0) return;
      rest.set(bytes.subarray(i * width, (i + 1) * width), at);
      at += width;
    });
    const coded = encodeIntegers(mask, dims);
    return new ByteWriter().varint(coded.length).bytes(coded).bytes(encodeFloatPlanes(rest, parts)).finish();
  },

  decode(body, { dtype, dims }) {
    const parts = floatParts(dtype);
    if (!parts) throw encodeError('ERR_GSM_FORMAT', `masked: expected floats, received ${dtype}`);
    const { width } = parts;
    const reader = new ByteReader(body);
    const mask = decodeIntegers(reader.bytes(reader.varint()), dims);
    let kept = 0;
    for (const bit of mask) if (bit !== 0) kept++;
    const rest = decodeFloatPlanes(reader.rest(), kept * width, parts);
    const bytes = new Uint8Array(dtypeByteLength(dtype, mask.length));
    let at = 0;
    mask.forEach((bit, i) => {
      if (bit === 0) return;
      bytes.set(rest.subarray(at, at + width), i * width);
      at += width;
    });
    return bytes;
  },
};
