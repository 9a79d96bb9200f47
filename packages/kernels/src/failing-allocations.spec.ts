import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import type { AllocationResult } from './testing/allocation-child.js';

const NATIVE = dirname(require.resolve('@gossamer/native/package.json'));

/** The folder the addon in use was built in. */
function buildFolder(): string {
  const explicit = process.env['GOSSAMER_NATIVE_PATH'];
  return explicit === undefined ? join(NATIVE, 'build') : dirname(dirname(resolve(explicit)));
}

/**
 * The library that fails them takes glibc's place, which a sanitizer that is preloaded has already. Elsewhere the C++ tests
 * (`allocations`) alone make them fail.
 */
function canStandBeforeMalloc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined && process.env['LD_PRELOAD'] === undefined;
}

describe('native allocations that fail', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), 'gossamer-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['steady', 'growing'])(
    'each in turn, with a %s pool: a code or the right result, never an end of the process',
    (pool) => {
      if (!canStandBeforeMalloc()) return;
      const malloc = join(buildFolder(), 'testing/failing_malloc.node');
      expect(existsSync(malloc)).toBe(true);
      const child = join(folder, 'child.cjs');
      buildSync({
        entryPoints: [join(__dirname, 'testing/allocation-child.ts')],
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
      const env = {
        ...process.env,
        LD_PRELOAD: malloc,
        GOSSAMER_THREADS: '2',
        NODE_PATH: join(NATIVE, '..', 'node_modules'),
      };
      const run = spawnSync(process.execPath, [child, malloc, pool], { encoding: 'utf8', env, timeout: 50_000 });
      const last = run.stderr.trimEnd().split('\n').at(-1);
      expect([run.status, run.signal, run.status === 0 ? '' : last]).toEqual([0, null, '']);
      const results = run.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AllocationResult);
      expect(results.flatMap(({ name, wrong }) => wrong.map((text) => `${name}: ${text}`))).toEqual([]);
      const codes = new Set(results.flatMap((result) => result.codes));
      expect([...codes].sort()).toEqual(['ERR_OUT_OF_MEMORY']);
      // A check must be able to fail: every kernel allocates, and most of that cannot be made up for.
      expect(results.filter(({ failed }) => failed === 0).map(({ name }) => name)).toEqual([]);
      const failed = results.reduce((sum, result) => sum + result.failed, 0);
      const survived = results.reduce((sum, result) => sum + result.survived, 0);
      expect(failed - survived).toBeGreaterThan(60);
      // For docs/benchmarks: see tools/fault-report.mjs.
      const notes = process.env['GOSSAMER_FAULT_NOTES'];
      const counts = {
        what: `native allocations, ${pool} pool`,
        calls: results.length,
        faults: failed,
        errors: failed - survived,
      };
      if (notes !== undefined) appendFileSync(notes, `${JSON.stringify(counts)}\n`);
    },
  );
});
