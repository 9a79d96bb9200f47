import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { cudaInfo } from './cuda-info.js';
import { CudaMatMulI8 } from './cuda-matmul.js';
import type { CudaGroup } from './testing/cuda-child.js';

const NATIVE = dirname(require.resolve('@gossamer/native/package.json'));

/** The stand-in for the driver, beside the addon in use: it runs the kernels themselves, in an emulator. */
function standIn(): string {
  const explicit = process.env['GOSSAMER_NATIVE_PATH'];
  const folder = explicit === undefined ? join(NATIVE, 'build/Release') : dirname(resolve(explicit));
  return join(folder, 'libfake_libcuda.so');
}

test('what the machine has, or why there is nothing', async () => {
  const { isAvailable, description } = cudaInfo();
  const created = CudaMatMulI8.create(Int8Array.of(3), { n: 1, k: 1 });
  if (isAvailable) {
    const product = await created;
    expect(await product.run(Uint8Array.of(5))).toEqual(Int32Array.of(15));
    product.dispose();
  } else {
    await expect(created).rejects.toMatchObject({ code: 'ERR_CUDA_UNAVAILABLE', message: `CUDA: ${description}` });
  }
});

// The emulator's threads are fibers of a kind that only Linux is sure to have.
if (process.platform === 'linux') {
  describe('over the stand-in for the driver', () => {
    let folder = '';
    let child = '';
    beforeAll(() => {
      expect(existsSync(standIn())).toBe(true);
      folder = mkdtempSync(join(realpathSync(tmpdir()), 'gossamer-test-'));
      child = join(folder, 'child.cjs');
      buildSync({
        entryPoints: [join(__dirname, 'testing/cuda-child.ts')],
        outfile: child,
        bundle: true,
        platform: 'node',
        target: 'node20',
        format: 'cjs',
        conditions: ['@gossamer/source'],
        external: ['@gossamer/native'],
        logLevel: 'error',
        tsconfigRaw: {},
      });
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each<[CudaGroup, number, Record<string, string>]>([
      ['results', 7, { FAKE_CUDA_COMPUTE: '75' }],
      ['results', 7, { FAKE_CUDA_COMPUTE: '80' }],
      ['life', 6, {}],
      ['refusals', 3, {}],
      ['memory', 1, { FAKE_CUDA_MEMORY: '8192' }],
      ['faults', 2, {}],
      ['none', 1, { FAKE_CUDA_FAIL: '100' }],
    ])('%s: all %d cases hold (%j)', (group, count, settings) => {
      const env = {
        ...process.env,
        ...settings,
        GOSSAMER_LIBCUDA: standIn(),
        NODE_PATH: join(NATIVE, '..', 'node_modules'),
      };
      const run = spawnSync(process.execPath, ['--expose-gc', child, group], {
        encoding: 'utf8',
        env,
        timeout: 50_000,
      });
      // A sanitizer warns of fibers there.
      expect([run.status, run.signal, run.status === 0 ? '' : run.stderr]).toEqual([0, null, '']);
      expect(run.stdout.trimEnd().split('\n')).toHaveLength(count);
    });
  });
}
