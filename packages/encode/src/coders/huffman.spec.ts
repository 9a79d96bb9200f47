import fc from 'fast-check';
import { canonicalCodes, decodeHuffman, encodeHuffman, huffmanLengths } from './huffman.js';

describe('huffman', () => {
  it('gives back any symbols', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 500 }), (symbols) => {
        expect(Array.from(decodeHuffman(encodeHuffman(symbols, 41), 41, symbols.length))).toEqual(symbols);
      }),
    );
  });

  it('is a prefix code, complete, at most 15 bits, and optimal on a known case', () => {
    // Huffman's weights 1, 1, 2, 3, 5: lengths 4, 4, 3, 2, 1.
    expect(Array.from(huffmanLengths([1, 1, 2, 3, 5]))).toEqual([4, 4, 3, 2, 1]);
    expect(Array.from(canonicalCodes(Uint8Array.of(4, 4, 3, 2, 1)))).toEqual([14, 15, 6, 2, 0]);
    // Fibonacci counts want a code as deep as the alphabet.
    const fibonacci = [1, 1];
    while (fibonacci.length < 30) fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!);
    const lengths = huffmanLengths(fibonacci);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(15);
    expect(lengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });

  it('stays within a bit a symbol of the entropy, and its table within 4 bits a symbol', () => {
    const counts = [1000, 500, 100, 20, 3];
    const symbols = counts.flatMap((count, symbol) => Array<number>(count).fill(symbol));
    const entropy = counts.reduce((sum, count) => sum - count * Math.log2(count / symbols.length), 0);
    const bytes = encodeHuffman(symbols, 5);
    expect(8 * bytes.length).toBeGreaterThan(entropy);
    expect(8 * bytes.length).toBeLessThan(entropy + symbols.length + 4 * 6 + 8);
  });

  it('refuses damaged streams', () => {
    const code = 'ERR_GSM_FORMAT';
    expect(() => decodeHuffman(Uint8Array.of(0x11), 4, 1)).toThrow(expect.objectContaining({ code }));
    expect(() => decodeHuffman(Uint8Array.of(0, 0, 255), 4, 1)).toThrow(expect.objectContaining({ code }));
    expect(() => decodeHuffman(Uint8Array.of(0x22, 0x22, 0), 4, 2 ** 40)).toThrow(expect.objectContaining({ code }));
  });
});
