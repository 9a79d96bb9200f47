import { quantizeBlocks, quantizeMatMulNBits, unpackInt4 } from '@gossamer/kernels';
import type { AffineGrid } from '../grid/weight-grid.js';
import { packMatMulNBits, storedBits } from './pack-matmul-nbits.js';

const [rows, columns, blockSize] = [3, 40, 16];
const weight = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 1.7) * (1 + (i % 5)) + 0.3);

function nearest(bits: number, mapping: 'symmetric' | 'asymmetric') {
  const options = { n: rows, k: columns, layout: 'nk', bits, mapping, blockSize, dtype: 'uint8' } as const;
  const { codes, scales, zeroPoints } = quantizeBlocks(weight, options);
  const grid: AffineGrid = {
    ...{ kind: 'affine', rows, columns, blockSize, quantMin: 0, quantMax: 2 ** bits - 1, scales },
    zeroPoints: Float32Array.from(zeroPoints),
  };
  return { grid, codes };
}

describe('packing for MatMulNBits', () => {
  it.each([
    [2, 'symmetric'],
    [2, 'asymmetric'],
    [4, 'symmetric'],
    [4, 'asymmetric'],
    [8, 'asymmetric'],
  ] as const)('%i bits, %s: the bytes that the kernel makes', (bits, mapping) => {
    const expected = quantizeMatMulNBits(weight, { n: rows, k: columns, layout: 'nk', bits, mapping, blockSize });
    const packed = packMatMulNBits(nearest(bits, mapping), bits);
    expect(packed.codes).toEqual(expected.codes);
    expect(packed.scales).toEqual(expected.scales);
    expect(packed.zeroPoints).toEqual(expected.zeroPoints);
  });

  it('puts 3 bits in 4, around the default zero point where there is one', () => {
    expect([2, 3, 4, 5, 8].map(storedBits)).toEqual([2, 4, 4, 8, 8]);
    const quantized = nearest(3, 'symmetric');
    const { codes, zeroPoints } = packMatMulNBits(quantized, 4);
    expect(zeroPoints).toBeNull();
    const first = unpackInt4(codes.subarray(0, 8), 16, 'uint4');
    expect([...first]).toEqual([...quantized.codes.subarray(0, 16)].map((code) => code + 4));
  });
});
