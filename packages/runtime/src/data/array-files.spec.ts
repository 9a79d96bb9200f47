import { type DType, Tensor } from '@gossamer/graph';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy, readNpz, saveArrays } from './array-files.js';
import { npyBytes } from './testing/npy-bytes.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-arrays-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const EXACT: readonly DType[] = [
  ...(['bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const),
  ...(['float16', 'float32', 'float64'] as const),
];

test.each(EXACT)('%s comes back as it was, alone and in an archive, in every rank', async (dtype) => {
  for (const dims of [[], [0], [3], [2, 3], [1, 2, 3]]) {
    const count = dims.reduce((a, b) => a * b, 1);
    const tensor = Tensor.fromNumbers(
      dtype,
      dims,
      Array.from({ length: count }, (_, i) => (dtype === 'bool' ? i % 2 : i)),
    );
    await saveArrays(at('one.npy'), { any: tensor });
    await saveArrays(at('all.npz'), { 'x/y': tensor, z: tensor });
    for (const found of [await readNpy(at('one.npy')), ...Object.values(await readNpz(at('all.npz')))]) {
      expect([found.dtype, found.dims]).toEqual([dtype, dims]);
      expect(found.bytes()).toEqual(tensor.bytes());
    }
    expect(Object.keys(await readNpz(at('all.npz')))).toEqual(['x/y', 'z']);
  }
});

test.each([
  ['bfloat16', 'float32', [0.5, -3, 256]],
  ['float8e4m3fn', 'float32', [0.5, -3, 240]],
  ['int4', 'int8', [-8, 7, 3]],
  ['uint4', 'uint8', [0, 15, 3]],
] as const)('%s, which numpy lacks, is stored exactly as %s', async (dtype, stored, values) => {
  await saveArrays(at('wide.npy'), { any: Tensor.fromNumbers(dtype, [3], values) });
  const found = await readNpy(at('wide.npy'));
  expect(found.dtype).toBe(stored);
  expect([...found.toFloat64()]).toEqual(values);
});

test('text of any width', async () => {
  const texts = ['', 'a', 'größer', '\u{1f600}!'];
  const bytes = texts.map((text) => new TextEncoder().encode(text));
  await saveArrays(at('text.npy'), { any: Tensor.ofStrings([2, 2], bytes) });
  const found = await readNpy(at('text.npy'));
  expect(found.dims).toEqual([2, 2]);
  expect(found.strings().map((item) => new TextDecoder().decode(item))).toEqual(texts);
});

test('the bytes are those of the format, elements at a multiple of 64; equal arrays give equal files', async () => {
  const x = Tensor.fromNumbers('float32', [2, 1], [1, 2]);
  await saveArrays(at('x.npy'), { x });
  const file = readFileSync(at('x.npy'));
  expect(file.subarray(0, 128).toString('latin1')).toBe(
    `\u0093NUMPY\u0001\u0000\u0076\u0000${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }".padEnd(117)}\n`,
  );
  expect([...new Float32Array(new Uint8Array(file.subarray(128)).buffer)]).toEqual([1, 2]);
  await saveArrays(at('a.npz'), { x, y: x });
  await saveArrays(at('b.npz'), { x, y: x });
  expect(readFileSync(at('a.npz')).equals(readFileSync(at('b.npz')))).toBe(true);
});

test('what is no array, or not all of one, is refused', async () => {
  writeFileSync(at('text.npy'), 'something else altogether');
  await expect(readNpy(at('text.npy'))).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
  writeFileSync(at('short.npy'), npyBytes('<f4', [3], new Uint8Array(8)));
  await expect(readNpy(at('short.npy'))).rejects.toMatchObject({
    code: 'ERR_DATA_FILE',
    message: expect.stringContaining('expected 12 bytes for shape [3], received 8') as string,
  });
  await expect(readNpy(at('absent.npy'))).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
  writeFileSync(at('pickle.npy'), npyBytes('|O', [1], new Uint8Array(8)));
  await expect(readNpy(at('pickle.npy'))).rejects.toMatchObject({ code: 'ERR_PICKLE' });
  await expect(readNpz(at('text.npy'))).rejects.toMatchObject({ code: 'ERR_DATA_FILE' });
});

test('several arrays do not go into an .npy; an abort leaves the file as it was, and nothing beside it', async () => {
  const x = Tensor.fromNumbers('float32', [1], [1]);
  await expect(saveArrays(at('two.npy'), { x, y: x })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  await saveArrays(at('kept.npz'), { x });
  const before = readFileSync(at('kept.npz'));
  const aborted = saveArrays(at('kept.npz'), { x, y: x }, { signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  expect(readFileSync(at('kept.npz')).equals(before)).toBe(true);
  expect(readdirSync(folder)).toEqual(['kept.npz']);
});
