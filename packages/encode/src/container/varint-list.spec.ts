import fc from 'fast-check';
import type { DType } from '@gossamer/graph';
import { rawOfVarints, VARINT_LISTS, varintsOf } from './varint-list.js';

/** Protobuf's varints by BigInt, written independently. */
function oracle(values: readonly bigint[]): Uint8Array {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
  }
  return Uint8Array.from(bytes);
}

describe('lists of varints', () => {
  const cases = Object.values(VARINT_LISTS).flatMap((types) =>
    Object.entries(types).map(([dtype, type]) => ({ dtype: dtype as DType, type })),
  );

  it.each(cases)('$dtype: raw elements come back, as protobuf writes them', ({ type }) => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), { maxLength: 40 }), (values) => {
        const bits = 8 * type.width;
        const fitting = values.map((value) =>
          type.isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value),
        );
        const list = oracle(fitting);
        const raw = rawOfVarints(list, fitting.length, type);
        expect(raw).toHaveLength(fitting.length * type.width);
        expect(Buffer.compare(varintsOf(raw!, type), list)).toBe(0);
      }),
    );
  });

  it('a list that varints of its elements do not give back is left alone', () => {
    const type = VARINT_LISTS.int32_data.int8!;
    expect(rawOfVarints(Uint8Array.of(0x80, 0), 1, type)).toBeUndefined();
    expect(rawOfVarints(Uint8Array.of(0xc8, 1), 1, type)).toBeUndefined();
    expect(rawOfVarints(Uint8Array.of(1, 2), 1, type)).toBeUndefined();
    expect(rawOfVarints(Uint8Array.of(1), 2, type)).toBeUndefined();
    expect(rawOfVarints(new Uint8Array(11).fill(0xff), 1, type)).toBeUndefined();
  });
});
