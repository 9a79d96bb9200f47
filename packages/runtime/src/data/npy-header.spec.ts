import { parseNpyHeader } from './npy-header.js';

function npy(version: number, text: string): Uint8Array {
  const padded = new TextEncoder().encode(text + '\n');
  const prefix = version === 1 ? 10 : 12;
  const bytes = new Uint8Array(prefix + padded.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, padded.length, true);
  else view.setUint32(8, padded.length, true);
  bytes.set(padded, prefix);
  return bytes;
}

const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

describe('parseNpyHeader', () => {
  it.each([1, 2, 3])('reads version %i', (version) => {
    const parsed = parseNpyHeader('x', npy(version, header('<f4', '(3, 4)')));
    expect(parsed).toMatchObject({ dtype: 'float32', itemSize: 4, swap: false, shape: [3, 4] });
    expect(parsed.dataStart).toBe((version === 1 ? 10 : 12) + header('<f4', '(3, 4)').length + 1);
  });

  it.each([
    ['|b1', 'bool', 1, false],
    ['|u1', 'uint8', 1, false],
    ['>i8', 'int64', 8, true],
    ['<f2', 'float16', 2, false],
    ['>f8', 'float64', 8, true],
    ['<c8', 'complex64', 8, false],
    ['<U5', 'string', 20, false],
    ['|S3', 'string', 3, false],
  ])('knows element type %s', (descr, dtype, itemSize, swap) => {
    expect(parseNpyHeader('x', npy(1, header(descr, '(2,)')))).toMatchObject({ dtype, itemSize, swap, shape: [2] });
  });

  it('reads rank 0 and rank 1', () => {
    expect(parseNpyHeader('x', npy(1, header('<f4', '()'))).shape).toEqual([]);
    expect(parseNpyHeader('x', npy(1, header('<f4', '(7,)'))).shape).toEqual([7]);
  });

  it('refuses pickled objects', () => {
    expect(() => parseNpyHeader('x', npy(1, header('|O', '(2,)')))).toThrow(
      expect.objectContaining({ code: 'ERR_PICKLE' }),
    );
  });

  it.each([
    ['a structured type', `{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}`],
    ['a void type', header('|V2', '(2,)')],
    ['Fortran order', header('<f4', '(2, 3)', 'True')],
    ['no shape', `{'descr': '<f4', 'fortran_order': False}`],
    ['code in the shape', header('<f4', '(__import__("os"),)')],
  ])('refuses %s', (_, text) => {
    expect(() => parseNpyHeader('x', npy(1, text))).toThrow(expect.objectContaining({ code: 'ERR_DATA_FILE' }));
  });

  it('takes Fortran order where it changes nothing', () => {
    expect(parseNpyHeader('x', npy(1, header('<f4', '(1, 3)', 'True'))).shape).toEqual([1, 3]);
  });

  it('refuses a wrong magic, an unknown version, a header beyond the bound, a cut one', () => {
    const good = npy(1, header('<f4', '(2,)'));
    const wrong = Uint8Array.from(good, (byte, i) => (i === 0 ? 0 : byte));
    const version = Uint8Array.from(good, (byte, i) => (i === 6 ? 9 : byte));
    const huge = npy(2, header('<f4', '(2,)'));
    new DataView(huge.buffer).setUint32(8, 0xffffffff, true);
    for (const bytes of [wrong, version, huge, good.subarray(0, 20), good.subarray(0, 4)]) {
      expect(() => parseNpyHeader('x', bytes)).toThrow(expect.objectContaining({ code: 'ERR_DATA_FILE' }));
    }
  });

  it('refuses a shape whose product overflows', () => {
    const text = header('<f4', '(4294967296, 4294967296)');
    expect(() => parseNpyHeader('x', npy(1, text))).toThrow(expect.objectContaining({ code: 'ERR_TENSOR_SHAPE' }));
  });
});
