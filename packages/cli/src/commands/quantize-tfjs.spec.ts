import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(__dirname, '../../dist/main.js');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-cli-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr };
}

/** A MatMul of x[n, 40] with w[40, 50]. */
function writeModel(): void {
  const node = [
    {
      name: 'x',
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '40' }] } } },
    },
    { name: 'w', op: 'Const' },
    { name: 'y', op: 'MatMul', input: ['x', 'w'], attr: { transpose_a: { b: false }, transpose_b: { b: false } } },
  ];
  const weightsManifest = [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [40, 50], dtype: 'float32' }] }];
  writeFileSync(join(folder, 'net.json'), JSON.stringify({ modelTopology: { node }, weightsManifest }));
  writeFileSync(
    join(folder, 'w.bin'),
    new Uint8Array(Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i)).buffer),
  );
}

test('quantize --format tfjs: a TF.js model in a new folder, with a report and a manifest', () => {
  writeModel();
  const argv = ['quantize', 'net.json', '-o', 'small', '--format', 'tfjs', '--weights', 'uint8'];
  const made = gossamer(...argv, '--json', '--run', 'run');
  expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
  const report = JSON.parse(made.stdout) as Record<string, unknown>;
  expect(report).toMatchObject({
    schemaVersion: 1,
    output: 'small',
    status: 'done',
    layers: [{ name: 'w', op: 'weight', action: 'quantized', storage: 'uint8', bytes: { before: 8000, after: 2000 } }],
    warnings: [],
    verification: { loads: true, maxAbsError: expect.any(Number) as number },
  });
  expect(readdirSync(join(folder, 'small')).sort()).toEqual(['group1-shard1of1.bin', 'model.json']);
  const manifest = JSON.parse(readFileSync(join(folder, 'run', 'manifest.json'), 'utf8')) as { outputs: object[] };
  expect(manifest.outputs).toHaveLength(2);
  const again = gossamer(...argv);
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('or force')]);
  expect(gossamer(...argv, '--force').stderr).toMatch(/small: .* smaller/);
});

test.each([
  ['a storage TF.js has not', ['--weights', 'int4'], /weights: expected uint8, uint16 or float16, received "int4"/],
  ['an option of other formats', ['--block-size', '32'], /--block-size: expected none with --format tfjs/],
  ['another mode', ['--mode', 'static'], /--mode: expected weight-only/],
])('quantize --format tfjs refuses %s', (_, more, message) => {
  writeModel();
  const { status, stderr } = gossamer('quantize', 'net.json', '-o', 'small', '--format', 'tfjs', ...more);
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(readdirSync(folder).sort()).toEqual(['net.json', 'w.bin']);
});
