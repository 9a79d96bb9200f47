import { transpose2d, transpose2dAsync, type Transposable } from './transpose-2d.js';

describe('transpose2d', () => {
  const types = [Float32Array, Int32Array, Uint16Array, Int8Array, Uint8Array];

  test.each(types.map((type) => [type.name, type] as const))('%s', async (_, type) => {
    for (const [rows, cols] of [
      [0, 5],
      [1, 7],
      [17, 33],
      [100, 70],
    ] as const) {
      const x: Transposable = new type(Array.from({ length: rows * cols }, (_, i) => (i * 37) % 120));
      const expected: Transposable = new type(x.length);
      for (let i = 0; i < x.length; i++) expected[(i % cols) * rows + Math.floor(i / cols)] = x[i]!;
      expect(transpose2d(x, rows, cols)).toEqual(expected);
      expect(await transpose2dAsync(x, rows, cols)).toEqual(expected);
    }
  });

  test('gives the built-in type for its descendants: a Buffer becomes a Uint8Array', () => {
    const out = transpose2d(Buffer.from([1, 2, 3, 4, 5, 6]), 2, 3);
    expect([Buffer.isBuffer(out), ...out]).toEqual([false, 1, 4, 2, 5, 3, 6]);
  });

  test('keeps the bits of NaN', () => {
    const bits = Uint32Array.of(0x7fa00001, 1, 2, 0xffc12345);
    const out = transpose2d(new Float32Array(bits.buffer), 2, 2);
    expect(Array.from(new Uint32Array(out.buffer))).toEqual([0x7fa00001, 2, 1, 0xffc12345]);
  });

  test('wrong shapes, types and overlapping outputs are refused', () => {
    const x = new Float32Array(6);
    expect(() => transpose2d(x, 2, 2)).toThrow(expect.objectContaining({ code: 'ERR_WRONG_LENGTH' }));
    expect(() => transpose2d(x, -2, -3)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }));
    expect(() => transpose2d(x, 2, 3, x)).toThrow(expect.objectContaining({ code: 'ERR_OVERLAP' }));
    expect(() => transpose2d(new Float64Array(6) as unknown as Float32Array, 2, 3)).toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_TYPE' }),
    );
    expect(() => transpose2d<Transposable>(x, 2, 3, new Int32Array(6))).toThrow(
      expect.objectContaining({ code: 'ERR_WRONG_TYPE' }),
    );
  });
});
