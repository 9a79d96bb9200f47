import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { saveArrays } from '@gossamer/runtime';
import { fillUniform } from '@gossamer/train';

const main = join(__dirname, '../dist/main.js');
const TRAINING = ['--data', 'npz:train.npz', '--batch', '16', '--threads', '1', '--learning-rate', '0.01'];
const AWARE = ['quantize', 'model.onnx', '--mode', 'qat', ...TRAINING];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gossamer-quantize-aware-'));
  const samples = 120;
  const labels = Array.from({ length: samples }, (_, i) => i % 3);
  const noise = new Float32Array(samples * 8);
  fillUniform(noise, 1, 0, 0);
  // Points around three corners of a cube.
  const input = noise.map((u, i) => u - 0.5 + (i % 8 === labels[Math.floor(i / 8)] ? 0.8 : 0));
  await saveArrays(join(folder, 'train.npz'), {
    input: Tensor.of('float32', [samples, 8], input),
    labels: Tensor.fromNumbers('int64', [samples], labels),
  });
  const trained = ['train', '--arch', 'mlp-8-16-16-3', '-o', 'model.onnx', ...TRAINING, '--epochs', '6'];
  expect(gossamer(...trained).status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

const read = (name: string): Buffer => readFileSync(join(folder, name));

test('a model is trained for its codes, from a teacher too, and proved in ONNX Runtime', async () => {
  const bits = ['--weight-bits', '2', '--activation-bits', '3', '--epochs', '4', '--json'];
  const { status, json } = gossamer(...AWARE, '-o', 'w2a3.onnx', ...bits, '--teacher', 'model.onnx');
  expect(status).toBe(0);
  const document = json() as { layers: { reason: string }[]; history: { loss: number; validation: number }[] };
  expect(document).toMatchObject({ output: 'w2a3.onnx', status: 'done' });
  expect(document).toMatchObject({ verification: { loads: true, fusedKernels: { QGemm: 3 } } });
  // The first and the last layer have 8 bits.
  expect(document.layers.map(({ reason }) => Number(/of (\d) bits/.exec(reason)![1]))).toEqual([8, 2, 8]);
  expect(document.history).toHaveLength(4);
  expect(document.history.at(-1)!.validation).toBeGreaterThan(0.9);
  const initializers = [...(await loadModel(join(folder, 'w2a3.onnx'))).graph.values()];
  const codes = initializers.flatMap(({ initializer }) =>
    /^int[48]$/.test(initializer?.dtype ?? '') && initializer!.dims.length === 2 ? [initializer!] : [],
  );
  // Up to 4 bits take 4 in the file.
  expect(codes.map(({ dtype }) => dtype).sort()).toEqual(['int4', 'int8', 'int8']);
  expect(codes.filter((list) => list.toFloat32().every((code) => code >= -2 && code <= 1))).toHaveLength(1);
  // Without a teacher the same codes are learned from labels alone: another model.
  expect(gossamer(...AWARE, '-o', 'labels.onnx', ...bits).status).toBe(0);
  expect(read('labels.onnx').equals(read('w2a3.onnx'))).toBe(false);
});

test('it goes on in its run folder after an interruption in a later stage, and ends in the same bytes', async () => {
  const argv = [...AWARE, '--stages', '8,6', '--steps', '150', '--validation', '0', '--checkpoint-every', '10'];
  const interrupted = [...argv, '-o', 'resumed.onnx', '--run', 'interrupted'];
  const child = spawn(process.execPath, [main, ...interrupted], { cwd: folder, stdio: 'ignore' });
  const second = join(folder, 'interrupted/checkpoint.safetensors.stage2');
  const poll = setInterval(() => existsSync(second) && !child.killed && child.kill('SIGINT'), 5);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(poll);
  expect(status).toBe(130);
  expect(existsSync(join(folder, 'resumed.onnx'))).toBe(false);
  expect(gossamer(...interrupted).status).toBe(0);
  expect(gossamer(...argv, '-o', 'whole.onnx').status).toBe(0);
  expect(read('resumed.onnx').equals(read('whole.onnx'))).toBe(true);
});

test.each<[string, string[], RegExp]>([
  [
    'a scheme of other modes',
    [...AWARE, '-o', 'q.onnx', '--weights', 'int4'],
    /weights: expected none with --mode qat/,
  ],
  ['a calibrator', [...AWARE, '-o', 'q.onnx', '--calibrate', 'mse'], /calibrate: expected none with --mode qat/],
  ['a pass that is switched off', [...AWARE, '-o', 'q.onnx', '--no-optimize'], /optimize: expected none with/],
  ['how to teach', [...AWARE, '-o', 'q.onnx', '--alpha', '0.5'], /alpha: expected none without --teacher/],
  ['bits out of range', [...AWARE, '-o', 'q.onnx', '--weight-bits', '1'], /weightBits: expected an integer in 2..8/],
  ['stages that do not fall', [...AWARE, '-o', 'q.onnx', '--stages', '4,8'], /stages: expected fewer bits/],
  ['no data', ['quantize', 'model.onnx', '-o', 'q.onnx', '--mode', 'qat'], /data: expected samples to train on/],
  [
    'training in another mode',
    ['quantize', 'model.onnx', '-o', 'q.onnx', '--mode', 'dynamic', '--epochs', '2'],
    /epochs: expected none without --mode qat/,
  ],
])('%s: exit code 2', (_, argv, message) => {
  const { status, stderr } = gossamer(...argv);
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(existsSync(join(folder, 'q.onnx'))).toBe(false);
});

test('--help shows how', () => {
  const { stdout } = gossamer('quantize', '--help');
  expect(stdout).toMatch(/Training \(--mode qat\):\n +--weight-bits/);
  expect(stdout).toContain('--mode qat --data npz:train.npz --teacher cnn.onnx');
});
