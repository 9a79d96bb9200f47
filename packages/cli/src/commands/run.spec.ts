import { GraphBuilder, Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { readNpy, readNpz, saveArrays } from '@gossamer/runtime';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../../..');
const main = join(root, 'packages/cli/dist/main.js');
const lenet = join(root, 'fixtures/models/lenet-5.onnx');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-run-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

const numbers = async (file: string, name: string) => [...(await readNpz(at(file)))[name]!.toFloat64()];

/** Two inputs, two outputs, and a determinant, which the native engine lacks. */
async function saveMixed(): Promise<void> {
  const g = new GraphBuilder('net', { opset: 17 });
  const a = g.input('a', 'float32', ['n', 2, 2]);
  const b = g.input('b', 'int64', ['n']);
  const product = g.op('MatMul', [a, g.weight('w', [2, 2], new Float32Array([1, 2, 3, 4]))]);
  const det = g.op('Det', [product], {}, { name: 'determinant' });
  const sum = g.op('Add', [det, g.op('Cast', [b], { to: 1 })]);
  await saveModel(g.output(product, 'product').output(sum, '/sum').model(), at('mixed.onnx'));
}

test('random inputs are the same for the same seed; engines agree; sizes are bound', async () => {
  for (const engine of ['ort', 'native', 'auto', 'reference']) {
    const argv = ['run', lenet, '--engine', engine, '--bind', 'n=3', '--seed', '7', '-o', `${engine}.npz`, '--json'];
    const { status, json } = gossamer(...argv);
    expect(status).toBe(0);
    expect(json()).toMatchObject({
      schemaVersion: 1,
      engine,
      output: `${engine}.npz`,
      inputs: [{ name: 'input', dtype: 'float32', dims: [3, 1, 28, 28], from: 'random' }],
      outputs: [{ name: 'logits', dtype: 'float32', dims: [3, 10] }],
      openMs: expect.any(Number) as number,
      firstMs: expect.any(Number) as number,
      warnings: [],
    });
  }
  const expected = await numbers('ort.npz', 'logits');
  const most = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  for (const engine of ['native', 'auto', 'reference']) {
    // Float32 sums of under a thousand terms in two orders, layer after layer.
    (await numbers(`${engine}.npz`, 'logits')).forEach((value, i) =>
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5 * most),
    );
  }
});

test('arrays from files by name, cast from a neighbouring type; one output as .npy', async () => {
  await saveMixed();
  const a = Tensor.fromNumbers('float64', [1, 2, 2], [1, 0, 0, 1]);
  const b = Tensor.fromNumbers('int32', [1], [40]);
  await saveArrays(at('in.npz'), { a, b });
  await saveArrays(at('a.npy'), { a });
  await saveArrays(at('b.npy'), { b });
  const found = gossamer('run', 'mixed.onnx', '--inputs', 'in.npz', '-o', 'out.npz');
  expect([found.status, found.stderr]).toEqual([0, expect.stringMatching(/product +float32 +\[1, 2, 2\]/)]);
  expect(await numbers('out.npz', 'product')).toEqual([1, 2, 3, 4]);
  // The name of an absolute path in an archive.
  expect(await numbers('out.npz', '_sum')).toEqual([38]);
  const argv = ['run', 'mixed.onnx', '--inputs', 'a=a.npy', 'b=b.npy', '--outputs', '/sum', '-o', 'sum.npy'];
  expect(gossamer(...argv).status).toBe(0);
  expect([...(await readNpy(at('sum.npy'))).toFloat64()]).toEqual([38]);
});

test('auto says who runs what, and what the native engine lacks, by name; native refuses, and says it too', async () => {
  await saveMixed();
  const split = gossamer('run', 'mixed.onnx', '--engine', 'auto', '--runs', '3', '--profile', '--json').json();
  expect(split).toMatchObject({
    split: expect.arrayContaining([expect.objectContaining({ engine: 'ort' })]) as unknown,
    lacking: [{ node: 'determinant', operator: 'Det', reason: expect.any(String) as string }],
    latencyMs: { runs: 3, median: expect.any(Number) as number, low: expect.any(Number) as number },
    profile: expect.arrayContaining([expect.objectContaining({ engine: 'native', operator: 'Linear' })]) as unknown,
  });
  const { status, stderr } = gossamer('run', 'mixed.onnx', '--engine', 'native');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^Det +1 +no such operator in the engine +determinant$/m);
  expect(stderr.trim().split('\n').at(-1)).toMatch(/expected operators of the native engine, received Det/);
});

test('--profile lists operators of the native engine by time', () => {
  const { status, stderr } = gossamer('run', lenet, '--engine', 'native', '--runs', '2', '--profile');
  expect(status).toBe(0);
  expect(stderr).toMatch(/^2 runs: median .* \(95 %: .*\), min /m);
  expect(stderr).toMatch(/^ConvNhwc +2 +[\d.]+ +[\d.]+$/m);
});

test('what is wrong is one line and exit 2, and nothing is written', async () => {
  await saveMixed();
  const x = Tensor.fromNumbers('float32', [1], [1]);
  await saveArrays(at('x.npz'), { x });
  await saveArrays(at('a.npz'), { a: Tensor.fromNumbers('float32', [1, 2, 2], [1, 0, 0, 1]) });
  await saveArrays(at('x.npy'), { x });
  const kept = readdirSync(folder).map((name) => [name, readFileSync(at(name))] as const);
  for (const [argv, message] of [
    [['--inputs', 'x.npz'], /expected arrays for inputs a, b, once each, received x/],
    [['--inputs', 'a.npz'], /expected an array for input b, received none/],
    [['--inputs', 'x.npy'], /expected NAME=FILE.npy with one of a, b, received no name/],
    [['--inputs', 'b=x.npy', 'a.npz'], /input b: expected int64, received float32/],
    [['--inputs', 'absent.npz'], /absent.npz: expected a readable/],
    [['--inputs', 'a.npz', '-o', 'a.npz', '--force'], /expected another file than the inputs, received a.npz/],
    [['-o', 'mixed.onnx', '--force'], /expected another file than the input/],
    [['-o', 'x.npz'], /expected a new path \(or force\)/],
    [['-o', 'out.npy'], /expected .npz for 2 outputs/],
    [['-o', 'out.txt'], /expected a path that ends in .npz or .npy/],
    [['--outputs', 'z'], /outputs: expected some of product, \/sum, received z/],
    [['--bind', 'm=3'], /expected one of the symbols n, received m/],
    [['--engine', 'fast'], /engine: expected one of .*received fast/],
    [['--profile'], /profile: expected engine native or auto, received ort/],
  ] as const) {
    const { status, stderr } = gossamer('run', 'mixed.onnx', ...argv);
    expect([status, stderr.trim().split('\n').at(-1)]).toEqual([2, expect.stringMatching(message)]);
    expect(gossamer('run', 'mixed.onnx', ...argv, '--json').json()).toMatchObject({
      error: { code: expect.any(String) as string },
    });
  }
  expect(readdirSync(folder)).toEqual(kept.map(([name]) => name));
  for (const [name, bytes] of kept) expect(readFileSync(at(name)).equals(bytes)).toBe(true);
});

test('Ctrl-C ends with 130 and leaves nothing behind', async () => {
  const argv = [
    'run',
    lenet,
    '--engine',
    'native',
    '--bind',
    'n=64',
    '--runs',
    '1000000',
    '-o',
    'out.npz',
    '--run',
    'kept',
  ];
  const child = spawn(process.execPath, [main, ...argv], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let heard = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
    if (heard.includes('run') && !child.killed) child.kill('SIGINT');
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect([status, heard]).toEqual([130, expect.stringContaining('interrupted')]);
  expect(readdirSync(folder)).toEqual(['kept']);
  expect(readdirSync(at('kept'))).toEqual([]);
});
