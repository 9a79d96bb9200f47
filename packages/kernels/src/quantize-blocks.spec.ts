import type { BlockOptions } from './block-scheme.js';
import { dequantizeAffineBlocks } from './dequantize-affine.js';
import { quantizeBlocks, quantizeBlocksAsync } from './quantize-blocks.js';
import { quantizeMatMulNBits, quantizeMatMulNBitsAsync } from './quantize-matmul-nbits.js';

/** Weights of n outputs and k inputs, [n, k]; roughly normal, the same every time. */
function weights(n: number, k: number): Float32Array {
  let state = 12345;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Float32Array.from({ length: n * k }, () => uniform() + uniform() + uniform() + uniform() - 2);
}

function transposed(x: Float32Array, rows: number, cols: number): Float32Array {
  return Float32Array.from(x, (_, i) => x[(i % rows) * cols + Math.floor(i / rows)]!);
}

/** Code `index` of a row of packed codes, low bits first. */
function unpack(row: Uint8Array, index: number, bits: number): number {
  const perByte = 8 / bits;
  return (row[Math.floor(index / perByte)]! >> ((index % perByte) * bits)) & (2 ** bits - 1);
}

function loss(w: Float32Array, back: Float32Array): number {
  return w.reduce((sum, v, i) => sum + (v - back[i]!) ** 2, 0);
}

/** What MatMulNBits computes with, from its definition: (code - zero point) * scale, [n, k]. */
function dequantizeNBits(w: ReturnType<typeof quantizeMatMulNBits>, o: BlockOptions): Float32Array {
  const { n, k, bits, blockSize } = o;
  const rowBytes = w.codes.length / n;
  const zeroPointBytes = (w.zeroPoints?.length ?? 0) / n;
  return Float32Array.from({ length: n * k }, (_, i) => {
    const row = Math.floor(i / k);
    const block = Math.floor((i % k) / blockSize);
    const code = unpack(w.codes.subarray(row * rowBytes), i % k, bits);
    const zeroPoint = w.zeroPoints ? unpack(w.zeroPoints.subarray(row * zeroPointBytes), block, bits) : 2 ** (bits - 1);
    return (code - zeroPoint) * w.scales[row * w.kBlocks + block]!;
  });
}

/** Round to nearest, block by block, in double. */
function oracleLoss(w: Float32Array, o: BlockOptions): number {
  let total = 0;
  for (let row = 0; row < o.n; row++) {
    for (let first = 0; first < o.k; first += o.blockSize) {
      const block = Array.from(w.subarray(row * o.k + first, row * o.k + Math.min(first + o.blockSize, o.k)));
      const max = Math.max(0, ...block);
      const min = Math.min(0, ...block);
      const levels = 2 ** o.bits - 1;
      const half = 2 ** (o.bits - 1);
      const full = (max >= -min ? max : min) / -half;
      const restricted = Math.max(max, -min) / (half - 1);
      const scale = o.mapping === 'asymmetric' ? (max - min) / levels : o.range === 'restricted' ? restricted : full;
      const zeroPoint = o.mapping === 'asymmetric' ? Math.round(-min / scale) : half;
      const lowest = o.mapping === 'symmetric' && o.range === 'restricted' ? 1 : 0;
      for (const v of block) {
        const code = Math.min(Math.max(Math.round(v / scale) + zeroPoint, lowest), levels);
        total += (v - (code - zeroPoint) * scale) ** 2;
      }
    }
  }
  return total;
}

const base = { n: 70, k: 100, layout: 'nk', bits: 4, blockSize: 32, mapping: 'symmetric' } as const;
const nk = weights(base.n, base.k);
const kn = transposed(nk, base.n, base.k);

describe('quantizeMatMulNBits', () => {
  test.each([
    ['full', { range: 'full' }],
    ['restricted', { range: 'restricted' }],
    ['asymmetric', { mapping: 'asymmetric' }],
    ['2 bits', { bits: 2 }],
    ['8 bits asymmetric', { bits: 8, mapping: 'asymmetric' }],
    ['blocks of 16', { blockSize: 16 }],
    ['one block', { blockSize: 128 }],
  ] as const)('%s: shapes, and the loss of rounding to nearest', (_, change) => {
    const options: BlockOptions = { ...base, ...change };
    const result = quantizeMatMulNBits(nk, options);
    const kBlocks = Math.ceil(options.k / options.blockSize);
    expect(result.kBlocks).toBe(kBlocks);
    expect(result.codes).toHaveLength((options.n * kBlocks * options.blockSize * options.bits) / 8);
    expect(result.scales).toHaveLength(options.n * kBlocks);
    if (options.mapping === 'symmetric') expect(result.zeroPoints).toBeNull();
    else expect(result.zeroPoints).toHaveLength(options.n * Math.ceil((kBlocks * options.bits) / 8));
    const actual = loss(nk, dequantizeNBits(result, options));
    const expected = oracleLoss(nk, options);
    expect(Math.abs(actual / expected - 1)).toBeLessThan(1e-4);
  });

  test('both layouts of the weight give the same bytes, also asynchronously', async () => {
    for (const mapping of ['symmetric', 'asymmetric'] as const) {
      for (const clip of [undefined, { steps: 20, min: 0.8 }]) {
        const options = { ...base, mapping, ...(clip && { clip }) };
        const expected = quantizeMatMulNBits(nk, options);
        expect(quantizeMatMulNBits(kn, { ...options, layout: 'kn' })).toEqual(expected);
        expect(await quantizeMatMulNBitsAsync(kn, { ...options, layout: 'kn' })).toEqual(expected);
      }
    }
  });

  test('the clip search loses less than rounding to nearest, and never more in any block', () => {
    for (const mapping of ['symmetric', 'asymmetric'] as const) {
      const plain = dequantizeNBits(quantizeMatMulNBits(nk, { ...base, mapping }), base);
      const options = { ...base, mapping, clip: { steps: 20, min: 0.8 } };
      const searched = dequantizeNBits(quantizeMatMulNBits(nk, options), options);
      expect(loss(nk, searched)).toBeLessThan(0.97 * loss(nk, plain));
      for (let row = 0; row < base.n; row++) {
        const first = row * base.k;
        const block = (x: Float32Array): Float32Array => x.subarray(first, first + base.blockSize);
        expect(loss(block(nk), block(searched))).toBeLessThanOrEqual(loss(block(nk), block(plain)) * (1 + 1e-5));
      }
    }
  });

  test('k is padded with the zero point, which stands for 0', () => {
    const options = { ...base, n: 1, k: 3, blockSize: 16 };
    const { codes } = quantizeMatMulNBits(Float32Array.of(1, -1, 0.5), options);
    expect(codes).toHaveLength(8);
    expect(Array.from(codes.subarray(2))).toEqual(Array(6).fill(0x88));
  });

  test.each([
    ['bits', { bits: 3 }],
    ['bits', { bits: 16 }],
    ['blockSize', { blockSize: 24 }],
    ['blockSize', { blockSize: 512 }],
    ['layout', { layout: 'mn' as 'kn' }],
    ['mapping', { mapping: 'odd' as 'symmetric' }],
    ['clip.steps', { clip: { steps: 1, min: 0.8 } }],
    ['clip.min', { clip: { steps: 5, min: 1 } }],
    ['n', { n: 1.5 }],
  ])('a wrong %s is refused: %j', (name, change) => {
    expect(() => quantizeMatMulNBits(nk, { ...base, ...change })).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTION', message: expect.stringContaining(`${name}: expected`) }),
    );
  });

  test('weights that do not fill the matrix, or are not finite, are refused', () => {
    expect(() => quantizeMatMulNBits(nk.subarray(1), base)).toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_LENGTH' }),
    );
    expect(() => quantizeMatMulNBits(Float32Array.from(nk).fill(NaN, 3, 4), base)).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_FINITE' }),
    );
  });
});

describe('quantizeBlocks', () => {
  test.each(['symmetric', 'asymmetric'] as const)(
    '%s: what DequantizeLinear restores is near the weight',
    (mapping) => {
      for (const layout of ['nk', 'kn'] as const) {
        for (const bits of [3, 4, 8]) {
          const options = { ...base, layout, bits, mapping, dtype: 'int8' } as const;
          const w = layout === 'nk' ? nk : kn;
          const { codes, scales, zeroPoints } = quantizeBlocks(w, options);
          const view =
            layout === 'nk' ? { outer: base.n, axis: base.k, inner: 1 } : { outer: 1, axis: base.k, inner: base.n };
          const params = { dtype: 'int8', scale: scales, zeroPoint: zeroPoints } as const;
          const back = dequantizeAffineBlocks(codes, view, base.blockSize, params);
          expect(loss(w, back) / oracleLoss(nk, options)).toBeCloseTo(1, 3);
          expect(codes.every((code) => code >= -(2 ** (bits - 1)) && code < 2 ** (bits - 1))).toBe(true);
        }
      }
    },
  );

  test('uint8 codes and zero points are the int8 ones moved by half the levels', async () => {
    for (const mapping of ['symmetric', 'asymmetric'] as const) {
      const options = { ...base, mapping } as const;
      const signed = quantizeBlocks(nk, { ...options, dtype: 'int8' });
      const unsigned = await quantizeBlocksAsync(nk, { ...options, dtype: 'uint8' });
      expect(Array.from(unsigned.codes)).toEqual(Array.from(signed.codes, (code) => code + 8));
      expect(Array.from(unsigned.zeroPoints)).toEqual(Array.from(signed.zeroPoints, (code) => code + 8));
      expect(unsigned.scales).toEqual(signed.scales);
    }
  });

  test('one block of k quantizes channels, and the transpose gives the same', () => {
    const options = { ...base, bits: 8, blockSize: base.k, range: 'restricted', dtype: 'int8' } as const;
    const rows = quantizeBlocks(nk, options);
    const columns = quantizeBlocks(kn, { ...options, layout: 'kn' });
    expect(columns.scales).toEqual(rows.scales);
    expect(rows.scales[3]).toBe(Math.fround(nk.subarray(300, 400).reduce((a, b) => Math.max(a, Math.abs(b)), 0) / 127));
    expect(transposed(Float32Array.from(columns.codes), base.k, base.n)).toEqual(Float32Array.from(rows.codes));
  });

  test('an unknown dtype is refused', () => {
    expect(() => quantizeBlocks(nk, { ...base, dtype: 'int4' as 'int8' })).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTION' }),
    );
  });
});
