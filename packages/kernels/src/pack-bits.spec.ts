import fc from 'fast-check';
import { packInt2, packInt4, unpackInt2, unpackInt4 } from './pack-bits.js';

describe('packInt4 and packInt2', () => {
  test('the first code is in the lowest bits, the last byte is filled with 0', () => {
    expect(Array.from(packInt4(Uint8Array.of(1, 2, 3)))).toEqual([0x21, 0x03]);
    expect(Array.from(packInt4(Int8Array.of(-1, -8)))).toEqual([0x8f]);
    expect(Array.from(packInt2(Uint8Array.of(1, 2, 3, 0, 2)))).toEqual([0b00111001, 0b10]);
  });

  test('unpacking gives the codes back, at any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const n = bytes.length;
        const u4 = bytes.map((b) => b & 15);
        const u2 = bytes.map((b) => b & 3);
        expect(unpackInt4(packInt4(bytes), n, 'uint4')).toEqual(u4);
        expect(unpackInt4(packInt4(bytes), n, 'int4')).toEqual(Int8Array.from(u4, (v) => (v > 7 ? v - 16 : v)));
        expect(unpackInt2(packInt2(bytes), n, 'uint2')).toEqual(u2);
        expect(unpackInt2(packInt2(bytes), n, 'int2')).toEqual(Int8Array.from(u2, (v) => (v > 1 ? v - 4 : v)));
      }),
    );
  });

  test('wrong lengths, types and words are refused', () => {
    const code = (body: () => unknown): unknown => {
      try {
        return body();
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code(() => packInt4(new Uint8Array(3), new Uint8Array(1)))).toBe('ERR_WRONG_LENGTH');
    expect(code(() => unpackInt4(new Uint8Array(2), 5, 'int4'))).toBe('ERR_WRONG_LENGTH');
    expect(code(() => unpackInt4(new Uint8Array(2), 2, 'int4'))).toBe('ERR_WRONG_LENGTH');
    expect(code(() => unpackInt4(new Uint8Array(2), -1, 'int4'))).toBe('ERR_BAD_OPTION');
    expect(code(() => unpackInt4(new Uint8Array(2), 2 ** 40, 'int4'))).toBe('ERR_WRONG_LENGTH');
    expect(code(() => unpackInt4(new Uint8Array(2), 4, 'int2' as 'int4'))).toBe('ERR_BAD_OPTION');
    expect(code(() => packInt4(new Uint16Array(2) as unknown as Uint8Array))).toBe('ERR_WRONG_TYPE');
  });
});
