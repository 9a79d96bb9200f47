import { BitReader, BitWriter } from './bit-stream.js';
import { eliasLength, readElias, writeElias } from './elias.js';

describe('Elias omega code', () => {
  // Elias 1975, table of the omega code.
  it.each([
    [1, '0'],
    [2, '100'],
    [3, '110'],
    [4, '101000'],
    [7, '101110'],
    [8, '1110000'],
    [15, '1111110'],
    [16, '10100100000'],
    [100, '1011011001000'],
  ])('of %i is %s', (n, expected) => {
    const writer = new BitWriter();
    writeElias(writer, n);
    const bits = Array.from(writer.bytes(), (byte) => byte.toString(2).padStart(8, '0')).join('');
    expect(bits.slice(0, writer.length)).toBe(expected);
    expect(eliasLength(n)).toBe(expected.length);
  });

  it('reads back what it wrote', () => {
    const writer = new BitWriter();
    const numbers = [1, 2, 3, 17, 1000, 65535, 65536, 2 ** 31 - 1, ...Array.from({ length: 300 }, (_, i) => i + 1)];
    for (const n of numbers) writeElias(writer, n);
    expect(writer.length).toBe(numbers.reduce((sum, n) => sum + eliasLength(n), 0));
    const reader = new BitReader(writer.bytes());
    expect(numbers.map(() => readElias(reader))).toEqual(numbers);
  });
});
