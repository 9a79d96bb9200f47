import type { BitReader, BitWriter } from './bit-stream.js';

const bitsOf = (n: number): number => 32 - Math.clz32(n);

/**
 * Bits of Elias's recursive (omega) code of n, an integer in [1, 2^31): a 0 at the end; before it n in binary, before that its number of bits less
 * one, and so on, until that is 1.
 *
 * Sources: Elias, "Universal codeword sets and representations of the integers", 1975; QSGD, section 3.2.
 */
export function eliasLength(n: number): number {
  let length = 1;
  for (let rest = n; rest > 1; rest = bitsOf(rest) - 1) length += bitsOf(rest);
  return length;
}

export function writeElias(writer: BitWriter, n: number): void {
  const groups: number[] = [];
  for (let rest = n; rest > 1; rest = bitsOf(rest) - 1) groups.push(rest);
  for (const group of groups.reverse()) writer.write(group, bitsOf(group));
  writer.write(0, 1);
}

export function readElias(reader: BitReader): number {
  let n = 1;
  while (reader.read(1) === 1) n = 2 ** n + reader.read(n);
  return n;
}
