import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { openData, saveArrays } from '@gossamer/runtime';
import { collectDataset } from './collect-dataset.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'gossamer-collect-'))));
afterEach(() => rm(folder, { recursive: true }));

const ROWS = 300;
const values = Float32Array.from({ length: 2 * ROWS }, (_, i) => i / 2048);

test.each(['float16', 'float32'] as const)('samples of a model that reads %s are float32', async (dtype) => {
  const path = join(folder, 'data.npz');
  const labels = Tensor.fromNumbers(
    'int32',
    [ROWS],
    Array.from({ length: ROWS }, (_, i) => i % 7),
  );
  await saveArrays(path, { input: Tensor.fromNumbers(dtype, [ROWS, 2], values), labels });
  const seen: number[] = [];
  const data = await collectDataset(await openData(`npz:${path}`), {
    inputs: [{ name: 'input', dtype, shape: ['n', 2] }],
    onProgress: (done) => seen.push(done),
  });
  expect(data.length).toBe(ROWS);
  expect(seen.at(-1)).toBe(ROWS);
  expect(data.arrays.get('input')).toMatchObject({ dtype: 'float32', shape: [2] });
  expect(data.arrays.get('labels')).toMatchObject({ dtype: 'int64' });
  const [input, read] = [new Float32Array(4), new BigInt64Array(2)];
  data.read(Uint32Array.of(299, 3), { input, labels: read });
  expect([...input]).toEqual([598, 599, 6, 7].map((i) => i / 2048));
  expect([...read]).toEqual([5n, 3n]);
});

test('no more samples than wanted', async () => {
  const path = join(folder, 'data.npz');
  await saveArrays(path, { input: Tensor.of('float32', [ROWS, 2], values) });
  const inputs = [{ name: 'input', dtype: 'float32', shape: ['n', 2] }] as const;
  for (const [limit, length] of [
    [7, 7],
    [290, 290],
    [1000, ROWS],
  ])
    expect((await collectDataset(await openData(`npz:${path}`), { inputs, limit: limit! })).length).toBe(length);
});
