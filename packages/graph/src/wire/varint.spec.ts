import * as fc from 'fast-check';
import { errorCode } from '../testing/error-code.js';
import {
  encodeVarint,
  varintToBigInt,
  varintToBigUint,
  varintToInt32,
  varintToSafeInt,
  varintToWords,
} from './varint.js';

const MAX = 2n ** 64n - 1n;
// Borders of the byte counts, of the 32-bit words and of the exact numbers.
const borders = [0, 7, 14, 31, 32, 35, 48, 49, 50, 53, 56, 63, 64].flatMap((bits) => [
  2n ** BigInt(bits) - 1n,
  2n ** BigInt(bits),
]);
const unsigned = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.constantFrom(...borders.filter((value) => value <= MAX)),
);

/** Seven bits at a time, straight from the definition. */
function reference(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

describe('varints', () => {
  it('encode as the definition says, from bigints and numbers', () => {
    fc.assert(
      fc.property(unsigned, (value) => {
        expect([...encodeVarint(value)]).toEqual(reference(value));
        expect([...encodeVarint(BigInt.asIntN(64, value))]).toEqual(reference(value));
        const number = Number(BigInt.asIntN(54, value));
        if (Number.isSafeInteger(number)) expect([...encodeVarint(number)]).toEqual(reference(BigInt(number)));
      }),
      { numRuns: 2000 },
    );
  });

  it('decode to what was encoded, at any offset', () => {
    fc.assert(
      fc.property(unsigned, fc.nat(3), (value, offset) => {
        const bytes = Uint8Array.from([...new Array<number>(offset).fill(0xff), ...encodeVarint(value), 0xff]);
        const end = bytes.length - 1;
        const signed = BigInt.asIntN(64, value);
        expect(varintToBigUint(bytes, offset, end)).toBe(value);
        expect(varintToBigInt(bytes, offset, end)).toBe(signed);
        const words = new Uint32Array(2);
        varintToWords(bytes, offset, end, words, 0);
        expect(new BigUint64Array(words.buffer)[0]).toBe(value);
        const isSafe = BigInt(Number(signed)) === signed && Number.isSafeInteger(Number(signed));
        expect(errorCode(() => varintToSafeInt(bytes, offset, end, 'x'))).toBe(isSafe ? undefined : 'ERR_INT_RANGE');
        if (isSafe) expect(varintToSafeInt(bytes, offset, end, 'x')).toBe(Number(signed));
        const is32 = signed >= -(2n ** 31n) && signed < 2n ** 32n;
        expect(errorCode(() => varintToInt32(bytes, offset, end, 'x'))).toBe(is32 ? undefined : 'ERR_INT_RANGE');
        if (is32) expect(varintToInt32(bytes, offset, end, 'x')).toBe(Number(BigInt.asIntN(32, signed)));
      }),
      { numRuns: 2000 },
    );
  });

  it('refuse what does not fit 64 bits or is not an integer', () => {
    for (const value of [2n ** 64n, -(2n ** 63n) - 1n, 2 ** 53, 0.5, NaN, Infinity]) {
      expect(errorCode(() => encodeVarint(value))).toBe('ERR_INT_RANGE');
    }
  });
});
