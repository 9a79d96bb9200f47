import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer } from './prove-model.js';
import type { VerifyRequest } from './verification.js';

const lenet = join(__dirname, '../../../../fixtures/models/lenet-5.onnx');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-prove-spec-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const request = (path: string): VerifyRequest => ({
  path,
  folder,
  reference: undefined,
  data: undefined,
  seed: 0,
  level: 'load',
  samples: 1,
  threads: 1,
});

test('the graph that runs is written to the folder of the request, weights beside it, and nowhere else', async () => {
  const found = await answer(request(lenet));
  expect(found.error).toBeUndefined();
  expect(found).toMatchObject({ loads: true, floatKernels: expect.any(Object) as object });
  expect(Object.values(found.floatKernels).reduce((sum, count) => sum + count, 0)).toBe(4);
  // Weights in a file of their own: a message cannot hold 2 GiB, and takes the memory of all weights to write.
  expect(readdirSync(folder).sort()).toEqual(['optimised.onnx', 'optimised.onnx.data']);
});

test('whatever goes wrong is an answer', async () => {
  for (const path of [join(folder, 'missing.onnx'), folder]) {
    expect(await answer(request(path))).toMatchObject({
      loads: false,
      error: { code: expect.stringMatching(/^ERR_/) as string, message: expect.any(String) as string },
    });
  }
});
