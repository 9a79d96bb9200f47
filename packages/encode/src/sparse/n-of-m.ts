import { ByteReader } from '../coders/byte-reader.js';
import { encodeError } from '../error-codes.js';
import { countOf, elementWidth, findNonzeros, placeNonzeros } from './nonzeros.js';
import type { SparseForm } from './sparse-form.js';

/**
 * At most `n` elements of each `m` in a row (m a power of two, up to 256): n elements a group and log2(m) bits for the place of each;
 * undefined where a group has more. Groups of fewer are filled with zeros. 2:4 is what sparse tensor cores read.
 */
export function nOfM(n: number, m: number): SparseForm {
  const bits = Math.log2(m);
  return {
    name: `${n}:${m}`,

    encode(tensor) {
      const { width, count, positions, values } = findNonzeros(tensor);
      const groups = Math.ceil(count / m);
      const used = new Uint16Array(groups);
      const body = new Uint8Array(Math.ceil((groups * n * bits) / 8) + groups * n * width);
      const base = body.length - groups * n * width;
      for (let i = 0; i < positions.length; i++) {
        const group = Math.floor(positions[i]! / m);
        const slot = group * n + used[group]!++;
        if (used[group]! > n) return undefined;
        writeBits(body, slot * bits, bits, positions[i]! % m);
        body.set(values.subarray(i * width, (i + 1) * width), base + slot * width);
      }
      return body;
    },

    decode(body, spec) {
      const width = elementWidth(spec);
      const slots = Math.ceil(countOf(spec) / m) * n;
      const reader = new ByteReader(body);
      const places = reader.bytes(Math.ceil((slots * bits) / 8));
      const values = reader.rest();
      if (values.length !== slots * width) {
        throw encodeError(
          'ERR_GSM_FORMAT',
          `${n}:${m}: expected ${slots * width} bytes of elements, received ${values.length}`,
        );
      }
      // Empty slots are zeros at place 0: they must not cover the element that is there.
      const kept = Array.from({ length: slots }, (_, slot) => slot).filter((slot) =>
        values.subarray(slot * width, (slot + 1) * width).some((byte) => byte !== 0),
      );
      const positions = kept.map((slot) => Math.floor(slot / n) * m + readBits(places, slot * bits, bits));
      const elements = new Uint8Array(kept.length * width);
      kept.forEach((slot, i) => elements.set(values.subarray(slot * width, (slot + 1) * width), i * width));
      return placeNonzeros(spec, positions, elements);
    },
  };
}

function writeBits(bytes: Uint8Array, at: number, bits: number, value: number): void {
  for (let i = 0; i < bits; i++) if ((value >> i) & 1) bytes[(at + i) >>> 3]! |= 1 << ((at + i) & 7);
}

function readBits(bytes: Uint8Array, at: number, bits: number): number {
  let value = 0;
  for (let i = 0; i < bits; i++) value |= ((bytes[(at + i) >>> 3]! >> ((at + i) & 7)) & 1) << i;
  return value;
}
