import { dtypeBits } from '@gossamer/graph';
import { ByteReader } from '../../coders/byte-reader.js';
import { ByteWriter } from '../../coders/byte-writer.js';
import { decodeRans, encodeRans } from '../../coders/rans.js';
import { encodeError } from '../../error-codes.js';
import { floatParts } from '../float-parts.js';
import { byteLengthOf, type TensorForm, type TensorSpec } from '../plain-tensor.js';

/** Elements of a block; its tables are its own. */
const BLOCK = 2 ** 18;
/** Fewer bytes do not pay for the tables. */
const MIN_BYTES = 2 ** 13;

/**
 * Large tensors of any type, block by block, each byte of the elements a plane with a static code or as it is: what decodes in a fraction of the time of
 * the others. Floats are turned by a bit, so that the exponent is the upper byte.
 *
 * Body: for each block and plane a varint, 0 for a plane as it is, else the bytes of its code; the plane.
 */
export const blocks: TensorForm = {
  name: 'blocks',

  plan: () => undefined,

  read(_, { dtype }) {
    throw encodeError('ERR_GSM_FORMAT', `blocks: expected a stream of their own, received ${dtype} in another`);
  },

  body: {
    encode(tensor) {
      const { bytes } = tensor;
      if (bytes.length < MIN_BYTES) return undefined;
      const width = widthOf(tensor);
      const turned = turns(tensor);
      const writer = new ByteWriter();
      for (let start = 0; start < bytes.length; start += BLOCK * width) {
        const block = bytes.slice(start, start + BLOCK * width);
        if (turned) turn(block, width, 1);
        for (let k = 0; k < width; k++) {
          const plane = new Uint8Array(block.length / width);
          for (let i = 0; i < plane.length; i++) plane[i] = block[i * width + k]!;
          const code = encodeRans(plane);
          const isCoded = code.length < plane.length;
          writer.varint(isCoded ? code.length : 0).bytes(isCoded ? code : plane);
        }
      }
      return writer.finish();
    },

    decode(body, spec) {
      const width = widthOf(spec);
      const byteLength = byteLengthOf(spec);
      // A plane of a full block takes a byte of length, one of its table's, and the states.
      const least = 17 * width * Math.floor(byteLength / (BLOCK * width));
      if (body.length < least)
        throw encodeError('ERR_GSM_FORMAT', `blocks: expected at least ${least} bytes, received ${body.length}`);
      const reader = new ByteReader(body);
      const bytes = new Uint8Array(byteLength);
      const coded = new Uint8Array(Math.min(BLOCK, byteLength / width));
      for (let start = 0; start < byteLength; start += BLOCK * width) {
        const block = bytes.subarray(start, start + BLOCK * width);
        const count = block.length / width;
        for (let k = 0; k < width; k++) {
          const length = reader.varint();
          const plane = length === 0 ? reader.bytes(count) : coded.subarray(0, count);
          if (length > 0) decodeRans(reader.bytes(length), plane);
          for (let i = 0; i < count; i++) block[i * width + k] = plane[i]!;
        }
        if (turns(spec)) turn(block, width, 8 * width - 1);
      }
      if (reader.rest().length > 0)
        throw encodeError('ERR_GSM_FORMAT', 'blocks: expected their end, received more bytes');
      return bytes;
    },
  },
};

/** Bytes of an element; of packed ones 1. */
function widthOf({ dtype }: TensorSpec): number {
  const bits = dtypeBits(dtype);
  return bits < 8 ? 1 : bits / 8;
}

/** Whether the exponent of a type begins behind its upper bit and fills a byte. */
function turns({ dtype }: TensorSpec): boolean {
  return dtype !== 'float16' && floatParts(dtype) !== undefined;
}

/** Rotates each element of `width` bytes left by `bits`, 1 or all but 1. */
function turn(bytes: Uint8Array, width: number, bits: number): void {
  for (let at = 0; at < bytes.length; at += width) {
    if (bits === 1) {
      let carry = bytes[at + width - 1]! >> 7;
      for (let k = 0; k < width; k++) {
        const byte = bytes[at + k]!;
        bytes[at + k] = (byte << 1) | carry;
        carry = byte >> 7;
      }
    } else {
      let carry = (bytes[at]! & 1) << 7;
      for (let k = width - 1; k >= 0; k--) {
        const byte = bytes[at + k]!;
        bytes[at + k] = (byte >> 1) | carry;
        carry = (byte & 1) << 7;
      }
    }
  }
}
