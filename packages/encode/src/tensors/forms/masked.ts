import { ByteReader } from '../../coders/byte-reader.js';
import { ByteWriter } from '../../coders/byte-writer.js';
import { checkSymbols } from '../../coders/check-symbols.js';
import { RangeDecoder } from '../../coders/range-decoder.js';
import { RangeEncoder } from '../../coders/range-encoder.js';
import { encodeError } from '../../error-codes.js';
import { decodeFloatPlanes, encodeFloatPlanes, planFloatPlanes, readFloatPlanes } from '../code-float-planes.js';
import { type FloatParts, floatParts } from '../float-parts.js';
import { planIntegers, readIntegers } from '../integer-stream.js';
import { elementCount, type PlainTensor, type TensorForm, type TensorSpec } from '../plain-tensor.js';

/** Zeros among fewer than this many elements are left to the exponents of `planes`. */
const MIN_ZEROS = 1 / 16;

/** Floats with many zeros (pruned ones): where they are not, as integers 0 and 1, and those elements in planes. */
export const masked: TensorForm = {
  name: 'masked',

  plan(tensor) {
    const split = splitZeros(tensor);
    if (!split) return undefined;
    const mask = planIntegers(split.mask, tensor.dims);
    const rest = planFloatPlanes(split.rest, split.parts);
    return (coder) => {
      mask(coder);
      rest(coder);
    };
  },

  read(coder, spec) {
    const { width } = partsOf(spec);
    const mask = readIntegers(coder, spec.dims);
    return join(mask, readFloatPlanes(coder, new Uint8Array(countOf(mask) * width), partsOf(spec)), width);
  },

  body: {
    encode(tensor) {
      const split = splitZeros(tensor);
      if (!split) return undefined;
      const encoder = new RangeEncoder();
      planIntegers(split.mask, tensor.dims)(encoder);
      const coded = encoder.finish();
      return new ByteWriter()
        .varint(coded.length)
        .bytes(coded)
        .bytes(encodeFloatPlanes(split.rest, split.parts))
        .finish();
    },

    decode(body, spec) {
      const parts = partsOf(spec);
      const reader = new ByteReader(body);
      const coded = reader.bytes(reader.varint());
      checkSymbols(elementCount(spec), coded.length);
      const mask = readIntegers(new RangeDecoder(coded), spec.dims);
      return join(mask, decodeFloatPlanes(reader.rest(), countOf(mask) * parts.width, parts), parts.width);
    },
  },
};

function partsOf({ dtype }: TensorSpec): FloatParts {
  const parts = floatParts(dtype);
  if (parts) return parts;
  throw encodeError('ERR_GSM_FORMAT', `masked: expected floats, received ${dtype}`);
}

function splitZeros({
  dtype,
  bytes,
}: PlainTensor): { mask: Int32Array; rest: Uint8Array; parts: FloatParts } | undefined {
  const parts = floatParts(dtype);
  if (!parts) return undefined;
  const { width } = parts;
  const mask = Int32Array.from({ length: bytes.length / width }, (_, i) => {
    for (let k = 0; k < width; k++) if (bytes[i * width + k] !== 0) return 1;
    return 0;
  });
  const kept = countOf(mask);
  if (kept > mask.length * (1 - MIN_ZEROS)) return undefined;
  const rest = new Uint8Array(kept * width);
  let at = 0;
  mask.forEach((bit, i) => {
    if (bit === 0) return;
    rest.set(bytes.subarray(i * width, (i + 1) * width), at);
    at += width;
  });
  return { mask, rest, parts };
}

function countOf(mask: Int32Array): number {
  let kept = 0;
  for (const bit of mask) if (bit !== 0) kept++;
  return kept;
}

function join(mask: Int32Array, rest: Uint8Array, width: number): Uint8Array {
  const bytes = new Uint8Array(mask.length * width);
  let at = 0;
  mask.forEach((bit, i) => {
    if (bit === 0) return;
    bytes.set(rest.subarray(at, at + width), i * width);
    at += width;
  });
  return bytes;
}
