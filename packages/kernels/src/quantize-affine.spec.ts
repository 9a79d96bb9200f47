import fc from 'fast-check';
import { axisView } from './axis-view.js';
import { dequantizeAffine, dequantizeAffineAxis, dequantizeAffineBlocks } from './dequantize-affine.js';
import {
  quantizeAffine,
  quantizeAffineAsync,
  quantizeAffineAxis,
  quantizeAffineAxisAsync,
  quantizeAffineBlocks,
  quantizeAffineBlocksAsync,
} from './quantize-affine.js';

/** Half to even, from the definition: the nearest integer, the even one of two. */
function nearestEven(v: number): number {
  const below = Math.floor(v);
  if (v - below !== 0.5) return Math.round(v);
  return below % 2 === 0 ? below : below + 1;
}

function oracle(x: number, scale: number, zeroPoint: number, min: number, max: number): number {
  if (Number.isNaN(x)) return min;
  const code = nearestEven(Math.fround(x / scale)) + zeroPoint;
  return Math.min(Math.max(code, min), max);
}

const awkward = Float32Array.of(
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  0.25,
  0.75,
  -0.25,
  -0.75,
  1.25,
  63.4,
  -64.6,
  1e38,
  -1e38,
);

function ramp(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (i % 97) * 0.31 - 15 + (i % 5) * 0.125);
}

function code(out: ArrayLike<number>): number[] {
  return Array.from(out);
}

describe('quantizeAffine', () => {
  test.each([
    ['int8', 0, -128, 127],
    ['int8', -5, -128, 127],
    ['uint8', 128, 0, 255],
    ['uint8', 0, 0, 255],
  ] as const)('%s with zero point %d equals the definition', (dtype, zeroPoint, min, max) => {
    const expected = code(awkward).map((x) => oracle(x, 0.5, zeroPoint, min, max));
    expect(code(quantizeAffine(awkward, { dtype, scale: 0.5, zeroPoint }))).toEqual(expected);
  });

  test('rounds half to even before it adds the zero point, as ONNX does', () => {
    const x = Float32Array.of(0.5, 1.5, 2.5, -0.5, -1.5);
    expect(code(quantizeAffine(x, { dtype: 'int8', scale: 1, zeroPoint: 1 }))).toEqual([1, 3, 3, 1, -1]);
  });

  test('divides instead of multiplying by a reciprocal', () => {
    // 0.15 / 0.1 in float32 is 1.5 exactly at the tie; times the reciprocal of 0.1 it would be above.
    const x = Float32Array.from({ length: 3000 }, (_, i) => Math.fround((i + 0.5) * Math.fround(0.1)));
    const scale = Math.fround(0.1);
    const expected = code(x).map((v) => oracle(v, scale, 0, -128, 127));
    expect(code(quantizeAffine(x, { dtype: 'int8', scale: 0.1 }))).toEqual(expected);
  });

  test('quantMin and quantMax bound the codes', () => {
    const out = quantizeAffine(Float32Array.of(-100, 100, NaN), { dtype: 'int8', scale: 1, quantMin: -8, quantMax: 7 });
    expect(code(out)).toEqual([-8, 7, -8]);
  });

  test('int4 and uint4 are packed low nibble first, an odd last one alone', () => {
    const x = Float32Array.of(-8, 7, -1);
    expect(code(quantizeAffine(x, { dtype: 'int4', scale: 1 }))).toEqual([0x78, 0x0f]);
    expect(code(quantizeAffine(x, { dtype: 'uint4', scale: 1, zeroPoint: 8 }))).toEqual([0xf0, 0x07]);
  });

  test('writes into the array it is given', () => {
    const out = new Int8Array(3);
    expect(quantizeAffine(Float32Array.of(1, 2, 3), { dtype: 'int8', scale: 1 }, out)).toBe(out);
    expect(code(out)).toEqual([1, 2, 3]);
  });

  test('an empty array gives an empty array', () => {
    expect(quantizeAffine(new Float32Array(), { dtype: 'uint8', scale: 1 })).toHaveLength(0);
  });

  test('dequantized codes are within half a step of what was inside the range', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 70, min: -100, max: 100, noNaN: true }),
        fc.float({ min: Math.fround(0.01), max: 10, noNaN: true }),
        fc.integer({ min: -128, max: 127 }),
        (x, scale, zeroPoint) => {
          const params = { dtype: 'int8', scale, zeroPoint } as const;
          const back = dequantizeAffine(quantizeAffine(x, params), params);
          const lo = (-128 - zeroPoint) * scale;
          const hi = (127 - zeroPoint) * scale;
          // Two roundings to float32 of values up to 256 steps: 256 * 2^-24 of a step each.
          const tolerance = scale * (0.5 + 256 * 2 ** -23);
          x.forEach((v, i) => {
            const clipped = Math.min(Math.max(v, lo), hi);
            expect(Math.abs(back[i]! - clipped)).toBeLessThanOrEqual(tolerance);
          });
        },
      ),
    );
  });
});

describe('quantizeAffineAxis and quantizeAffineBlocks', () => {
  const shape = [3, 5, 4];
  const x = ramp(60);

  test.each([0, 1, 2])('axis %d: every element uses its channel', async (axis) => {
    const view = axisView(shape, axis);
    const scale = Float32Array.from({ length: view.axis }, (_, i) => 0.1 * (i + 1));
    const zeroPoint = Int8Array.from({ length: view.axis }, (_, i) => i - 1);
    const params = { dtype: 'int8', scale, zeroPoint } as const;
    const channel = (i: number): number => Math.floor(i / view.inner) % view.axis;
    const expected = code(x).map((v, i) => oracle(v, scale[channel(i)]!, zeroPoint[channel(i)]!, -128, 127));
    const codes = quantizeAffineAxis(x, view, params);
    expect(code(codes)).toEqual(expected);
    expect(await quantizeAffineAxisAsync(x, view, params)).toEqual(codes);
    const back = code(dequantizeAffineAxis(codes, view, params));
    expect(back).toEqual(expected.map((q, i) => Math.fround((q - zeroPoint[channel(i)]!) * scale[channel(i)]!)));
  });

  test.each([
    [0, 2],
    [1, 2],
    [2, 3],
    [1, 100],
  ])('axis %d in blocks of %d: parameters in the order of ONNX', async (axis, blockSize) => {
    const view = axisView(shape, axis);
    const blocks = Math.ceil(view.axis / blockSize);
    const count = view.outer * blocks * view.inner;
    const scale = Float32Array.from({ length: count }, (_, i) => 0.05 * (i + 1));
    const zeroPoint = Int32Array.from({ length: count }, (_, i) => 8 - (i % 3));
    const params = { dtype: 'uint4', scale, zeroPoint } as const;
    const parameter = (i: number): number => {
      const step = Math.floor(i / view.inner) % view.axis;
      const outer = Math.floor(i / view.inner / view.axis);
      return (outer * blocks + Math.floor(step / blockSize)) * view.inner + (i % view.inner);
    };
    const expected = code(x).map((v, i) => oracle(v, scale[parameter(i)]!, zeroPoint[parameter(i)]!, 0, 15));
    const packed = quantizeAffineBlocks(x, view, blockSize, params);
    expect(code(packed)).toEqual(Array.from({ length: 30 }, (_, i) => expected[2 * i]! + 16 * expected[2 * i + 1]!));
    expect(await quantizeAffineBlocksAsync(x, view, blockSize, params)).toEqual(packed);
    const back = code(dequantizeAffineBlocks(packed, view, blockSize, params));
    expect(back).toEqual(expected.map((q, i) => Math.fround((q - zeroPoint[parameter(i)]!) * scale[parameter(i)]!)));
  });
});

describe('wrong arguments', () => {
  const x = Float32Array.of(1, 2, 3, 4);
  const view = { outer: 1, axis: 2, inner: 2 };
  const refused = (body: () => unknown): string => {
    try {
      body();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'nothing thrown';
  };

  test.each([
    ['a scale of 0', { scale: 0 }, 'ERR_BAD_SCALE'],
    ['a scale that is 0 in float32', { scale: 1e-60 }, 'ERR_BAD_SCALE'],
    ['an infinite scale', { scale: Infinity }, 'ERR_BAD_SCALE'],
    ['NaN', { scale: NaN }, 'ERR_BAD_SCALE'],
    ['a string', { scale: '1' as unknown as number }, 'ERR_BAD_SCALE'],
    ['a zero point outside the type', { zeroPoint: 128 }, 'ERR_BAD_ZERO_POINT'],
    ['a fractional zero point', { zeroPoint: 0.5 }, 'ERR_BAD_ZERO_POINT'],
    ['a range outside the type', { quantMin: -129 }, 'ERR_BAD_RANGE'],
    ['an empty range', { quantMin: 5, quantMax: 4 }, 'ERR_BAD_RANGE'],
    ['an unknown type', { dtype: 'int7' as 'int8' }, 'ERR_BAD_OPTION'],
    ['a type named like a property of every object', { dtype: 'toString' as 'int8' }, 'ERR_BAD_OPTION'],
  ])('%s is refused', (_, change, expected) => {
    expect(refused(() => quantizeAffine(x, { dtype: 'int8', scale: 1, ...change }))).toBe(expected);
  });

  test('lengths and types are checked', () => {
    const one = { dtype: 'int8', scale: 1 } as const;
    const two = { dtype: 'int8', scale: Float32Array.of(1, 1) } as const;
    expect(refused(() => quantizeAffine(x, one, new Int8Array(3)))).toBe('ERR_WRONG_LENGTH');
    expect(refused(() => quantizeAffine(x, one, new Uint8Array(4) as unknown as Int8Array))).toBe('ERR_WRONG_TYPE');
    expect(refused(() => quantizeAffine([1] as unknown as Float32Array, one))).toBe('ERR_WRONG_TYPE');
    expect(refused(() => quantizeAffineAxis(x, { outer: 1, axis: 3, inner: 2 }, two))).toBe('ERR_WRONG_LENGTH');
    expect(refused(() => quantizeAffineAxis(x, { outer: -1, axis: -2, inner: 2 }, two))).toBe('ERR_BAD_SHAPE');
    expect(refused(() => quantizeAffineAxis(x, view, { ...two, scale: Float32Array.of(1) }))).toBe('ERR_WRONG_LENGTH');
    expect(refused(() => quantizeAffineAxis(x, view, { ...two, scale: Float32Array.of(1, 0) }))).toBe('ERR_BAD_SCALE');
    const zeroPoint = Int32Array.of(0, 200);
    expect(refused(() => quantizeAffineAxis(x, view, { ...two, zeroPoint }))).toBe('ERR_BAD_ZERO_POINT');
    expect(refused(() => quantizeAffineBlocks(x, view, 0, two))).toBe('ERR_BAD_OPTION');
    for (const length of [7, 2 ** 40]) {
      const packed = { dtype: 'uint4', scale: 1, length } as const;
      expect(refused(() => dequantizeAffine(new Uint8Array(3), packed))).toBe('ERR_WRONG_LENGTH');
    }
    const huge = { outer: 2 ** 30, axis: 2, inner: 2 ** 10 };
    expect(refused(() => dequantizeAffineAxis(new Int8Array(4), huge, two))).toBe('ERR_WRONG_LENGTH');
  });

  test('the async twins reject instead of throwing', async () => {
    await expect(quantizeAffineAsync(x, { dtype: 'int8', scale: 0 })).rejects.toMatchObject({ code: 'ERR_BAD_SCALE' });
  });
});
