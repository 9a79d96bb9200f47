import fc from 'fast-check';
import { decodeFloat, encodeFloat, FLOAT16, FLOAT8E4M3FN, FLOAT8E5M2, roundHalfEven } from './small-float.js';
import { elementCount, Tensor } from './tensor.js';

test('sub-byte elements are packed low bits first', () => {
  const tensor = Tensor.fromNumbers('int4', [3], [-8, 7, -1]);
  expect([...tensor.bytes()]).toEqual([0x78, 0x0f]);
  expect([...tensor.toFloat32()]).toEqual([-8, 7, -1]);
  expect([...Tensor.fromNumbers('uint2', [5], [3, 0, 1, 2, 3]).toFloat64()]).toEqual([3, 0, 1, 2, 3]);
});

test('float16 equals the values of IEEE 754', () => {
  const cases: [number, number][] = [
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x7c00, Infinity],
    [0x3555, 0.333251953125],
  ];
  for (const [code, value] of cases) {
    expect(decodeFloat(code, FLOAT16)).toBe(value);
    expect(encodeFloat(value, FLOAT16)).toBe(code);
  }
  // 1 + 2^-11 lies half-way between 1 and 1 + 2^-10: even wins.
  expect(encodeFloat(1 + 2 ** -11, FLOAT16)).toBe(0x3c00);
  expect(encodeFloat(65520, FLOAT16)).toBe(0x7c00);
});

test('every finite small-float code survives decoding and encoding', () => {
  for (const format of [FLOAT16, FLOAT8E4M3FN, FLOAT8E5M2]) {
    const codes = 2 ** (1 + format.exponentBits + format.mantissaBits);
    for (let code = 0; code < codes; code++) {
      const value = decodeFloat(code, format);
      if (Number.isFinite(value)) expect(encodeFloat(value, format)).toBe(code);
    }
  }
});

test('encodeFloat gives the nearest code', () => {
  fc.assert(
    fc.property(fc.double({ min: -70000, max: 70000, noNaN: true }), (x) => {
      const code = encodeFloat(x, FLOAT16);
      const error = Math.abs(decodeFloat(code, FLOAT16) - x);
      for (const other of [code - 1, code + 1]) {
        const value = decodeFloat(other & 0xffff, FLOAT16);
        if (Number.isFinite(value) && Number.isFinite(decodeFloat(code, FLOAT16))) {
          expect(error).toBeLessThanOrEqual(Math.abs(value - x));
        }
      }
    }),
  );
});

test('roundHalfEven', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, -2.51, Infinity, NaN].map(roundHalfEven)).toEqual([
    0,
    2,
    2,
    -0,
    -2,
    2,
    -3,
    Infinity,
    NaN,
  ]);
});

test('hash depends on content, dtype and dims, not on storage', () => {
  const a = Tensor.fromNumbers('float32', [4], [1, 2, 3, 4]);
  const shifted = new Uint8Array(17);
  shifted.set(a.bytes(), 1);
  const b = Tensor.of('float32', [4], shifted.subarray(1));
  expect(b.hash()).toBe(a.hash());
  expect([...b.toFloat32()]).toEqual([1, 2, 3, 4]);
  // A Buffer's slice() is a view, so this would read its neighbours.
  const pooled = Buffer.concat([Buffer.alloc(5), a.bytes()]).subarray(5);
  expect([...Tensor.of('float32', [4], pooled).toFloat32()]).toEqual([1, 2, 3, 4]);
  expect(a.reshaped([2, 2]).hash()).not.toBe(a.hash());
});

test.each([[[-1]], [[2 ** 53]], [[2 ** 31, 2 ** 31]], [[1.5]]])('dims %j are refused', (dims) => {
  expect(() => elementCount(dims)).toThrow(expect.objectContaining({ code: 'ERR_TENSOR_SHAPE' }) as Error);
});

test('data that do not fit the dims are refused', () => {
  expect(() => Tensor.of('float32', [3], new Float32Array(2))).toThrow(
    expect.objectContaining({ code: 'ERR_TENSOR_DATA' }) as Error,
  );
  expect(() => Tensor.fromNumbers('int8', [1], [128])).toThrow(
    expect.objectContaining({ code: 'ERR_TENSOR_RANGE' }) as Error,
  );
});
