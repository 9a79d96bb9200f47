import type { DType } from '@gossamer/graph';
import { dtypeByteLength } from '@gossamer/graph';
import fc from 'fast-check';
import { bytesOf } from '../tensors/float-words.js';
import { nOfM } from './n-of-m.js';
import { SPARSE_FORMS, sparseBytes } from './sparse-bytes.js';

/** A float32 matrix whose elements are not 0 where `share` of them say so, evenly. */
function matrix(rows: number, columns: number, share: number) {
  const values = Float32Array.from({ length: rows * columns }, (_, i) =>
    Math.floor((i + 1) * share) > Math.floor(i * share) ? 1 + i : 0,
  );
  return { dtype: 'float32' as const, dims: [rows, columns], bytes: bytesOf(values) };
}

describe('sparse forms', () => {
  it('give back every bit of any tensor that they take', () => {
    const dims = fc.oneof(
      fc.constantFrom([], [0], [0, 4]),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom<DType>('float32', 'int8', 'float16', 'int64'),
        dims,
        fc.nat(20),
        fc.nat(),
        (dtype, shape, zeros, seed) => {
          let state = seed;
          const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
          const spec = { dtype, dims: shape };
          const width = dtypeByteLength(dtype, 1);
          const bytes = new Uint8Array(
            dtypeByteLength(
              dtype,
              shape.reduce((a, b) => a * b, 1),
            ),
          );
          for (let i = 0; i < bytes.length; i += width)
            if (random() * 21 > zeros) for (let k = 0; k < width; k++) bytes[i + k] = 256 * random();
          for (const form of [...SPARSE_FORMS, nOfM(4, 4), nOfM(3, 8)]) {
            const body = form.encode({ ...spec, bytes });
            if (body) expect(Buffer.compare(form.decode(body, spec), bytes)).toBe(0);
          }
          expect(SPARSE_FORMS[0]!.encode({ ...spec, bytes })).toBeDefined();
        },
      ),
    );
  });

  it('long runs of zeros in delta', () => {
    const values = new Float32Array(5000);
    for (const i of [0, 256, 512, 769, 4999]) values[i] = 1;
    const tensor = { dtype: 'float32' as const, dims: [5000], bytes: bytesOf(values) };
    const delta = SPARSE_FORMS[1]!;
    const body = delta.encode(tensor)!;
    expect(Buffer.compare(delta.decode(body, tensor), tensor.bytes)).toBe(0);
    // Five elements; gaps of 255, 255, 256 and 4229 zeros: 256 takes 1 entry of 0 in it, 4229 takes 16.
    expect(body).toHaveLength(5 * (5 + 1 + 16));
  });

  it.each([
    ['bitmask', 1 - 1 / 32],
    ['delta', 4 / 5],
    ['coordinates', 4 / 12],
    // 64 rows of 1000: 4 bytes a row are 1 in 1000 of the elements.
    ['csr', (4 - 4 / 1000) / 6],
  ])('%s begins to pay where it should', (name, density) => {
    const below = sparseBytes(matrix(64, 1000, density - 0.002));
    const above = sparseBytes(matrix(64, 1000, density + 0.002));
    expect(below[name]).toBeLessThan(below['dense']!);
    expect(above[name]).toBeGreaterThan(above['dense']!);
  });

  it('2:4 takes 9 bits in 16 of float32, and other patterns not at all', () => {
    const values = Float32Array.from({ length: 1024 }, (_, i) => (i % 4 < 2 ? i + 1 : 0));
    const tensor = { dtype: 'float32' as const, dims: [32, 32], bytes: bytesOf(values) };
    expect(sparseBytes(tensor)['2:4']).toBe(512 * 4 + 128);
    expect(sparseBytes(matrix(32, 32, 1))['2:4']).toBeUndefined();
  });

  it('damaged bytes end in an error or some tensor', () => {
    const spec = { dtype: 'float32' as const, dims: [4, 5] };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...SPARSE_FORMS), (bytes, form) => {
        try {
          expect(form.decode(bytes, spec)).toHaveLength(80);
        } catch (error) {
          expect((error as { code?: string }).code).toBe('ERR_GSM_FORMAT');
        }
      }),
      { numRuns: 500 },
    );
  });
});
