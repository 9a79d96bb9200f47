import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { saveArrays } from '@gossamer/runtime';
import { fillUniform } from '@gossamer/train';

const main = join(__dirname, '../dist/main.js');
const ARCH = 'mlp-8-16-3';
const TINY = ['--data', 'npz:train.npz', '--batch', '16', '--threads', '1', '--learning-rate', '0.01'];

let folder: string;
let points: Float32Array;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gossamer-training-'));
  const samples = 120;
  const labels = Array.from({ length: samples }, (_, i) => i % 3);
  const noise = new Float32Array(samples * 8);
  fillUniform(noise, 1, 0, 0);
  // Points around three corners of a cube.
  points = noise.map((u, i) => u - 0.5 + (i % 8 === labels[Math.floor(i / 8)] ? 0.8 : 0));
  const input = Tensor.of('float32', [samples, 8], points);
  await saveArrays(join(folder, 'train.npz'), { input, labels: Tensor.fromNumbers('int64', [samples], labels) });
  await saveArrays(join(folder, 'unlabelled.npz'), { input });
  const sums = Tensor.of('float32', [samples, 3], points.slice(0, samples * 3));
  await saveArrays(join(folder, 'regression.npz'), { input, targets: sums });
  expect(gossamer('train', '--arch', ARCH, '-o', 'model.onnx', ...TINY, '--epochs', '6').status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

function gossamer(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

const read = (name: string): Buffer => readFileSync(join(folder, name));

describe('train', () => {
  it('writes a model, one JSON document, and in its run folder all that it was', () => {
    const { status, json } = gossamer(
      ...['train', '--arch', ARCH, '-o', 'kept.onnx', ...TINY, '--epochs', '6', '--run', 'run', '--json'],
    );
    expect(status).toBe(0);
    const document = json() as { history: { epoch: number; loss: number; validation: number }[] };
    expect(document).toMatchObject({
      schemaVersion: 1,
      output: 'kept.onnx',
      status: 'done',
      // 120 samples, 12 of them held out: 7 batches an epoch.
      steps: 42,
      engine: 'native',
      metric: 'top1',
      warnings: [],
      verification: { loads: true },
      cost: { makeSeconds: expect.any(Number) as number, peakRssMb: expect.any(Number) as number },
    });
    expect(document.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(document.history.at(-1)!.loss).toBeLessThan(document.history[0]!.loss);
    expect(document.history.at(-1)!.validation).toBeGreaterThan(0.9);
    const kept = ['checkpoint.safetensors', 'curves.svg', 'log.jsonl', 'manifest.json', 'result.json'];
    expect(readdirSync(join(folder, 'run')).sort()).toEqual(kept);
    const lines = read('run/log.jsonl').toString().trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { step: number; epoch?: number });
    expect(records.filter(({ epoch }) => epoch === undefined).map(({ step }) => step)).toEqual([10, 20, 30, 40]);
    // Equal options and seed give equal bytes.
    expect(read('kept.onnx').equals(read('model.onnx'))).toBe(true);
  });

  it('drops out before the nodes that --dropout names, and says which flag is wrong', () => {
    const argv = ['train', '--arch', ARCH, ...TINY, '--epochs', '6'];
    expect(gossamer(...argv, '-o', 'dropped.onnx', '--dropout', 'Gemm=0.2').status).toBe(0);
    expect(read('dropped.onnx').equals(read('model.onnx'))).toBe(false);
    expect(read('dropped.onnx')).toHaveLength(read('model.onnx').length);
    for (const ratios of ['Gemm=1', 'Conv*=0.5']) {
      const { status, stderr } = gossamer(...argv, '-o', 'never.onnx', '--dropout', ratios);
      expect(status).toBe(2);
      expect(stderr).toContain('dropout');
    }
  });

  it('goes on in its run folder after an interruption, and ends in the same bytes', async () => {
    const options = [...TINY, '--steps', '1500', '--validation', '0', '--checkpoint-every', '50'];
    const argv = ['train', '--arch', ARCH, ...options];
    const interrupted = [...argv, '-o', 'resumed.onnx', '--run', 'interrupted'];
    const child = spawn(process.execPath, [main, ...interrupted], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const checkpoint = join(folder, 'interrupted/checkpoint.safetensors');
    const poll = setInterval(() => existsSync(checkpoint) && !child.killed && child.kill('SIGINT'), 5);
    const status = await new Promise((resolve) => child.on('close', resolve));
    clearInterval(poll);
    expect(status).toBe(130);
    expect(existsSync(join(folder, 'resumed.onnx'))).toBe(false);
    expect(gossamer(...interrupted).status).toBe(0);
    expect(gossamer(...argv, '-o', 'whole.onnx').status).toBe(0);
    expect(read('resumed.onnx').equals(read('whole.onnx'))).toBe(true);
    // The log holds each tenth update once.
    const steps = read('interrupted/log.jsonl').toString().trim().split('\n');
    const updates = steps.map((line) => JSON.parse(line) as { step: number; epoch?: number });
    expect(updates.filter(({ epoch }) => epoch === undefined).map(({ step }) => step)).toEqual(
      Array.from({ length: 150 }, (_, i) => 10 * (i + 1)),
    );
    // Of another training it takes nothing.
    const other = gossamer(...argv, '-o', 'other.onnx', '--run', 'interrupted', '--seed', '1');
    expect([other.status, other.stderr]).toEqual([
      2,
      expect.stringContaining('a checkpoint of a training with the same'),
    ]);
  });

  it('trains on numbers', () => {
    const argv = ['train', '--arch', ARCH, '-o', 'numbers.onnx', '--data', 'npz:regression.npz', '--epochs', '2'];
    const { status, json } = gossamer(...argv, '--json');
    expect(status).toBe(0);
    const { metric, history } = json() as { metric: string; history: { validation: number }[] };
    expect(metric).toBe('mean-squared-error');
    expect(history[1]!.validation).toBeLessThan(history[0]!.validation);
  });
});

describe('finetune', () => {
  it('changes nothing but weights, and not the file that it was given', async () => {
    const before = read('model.onnx');
    const { status, json } = gossamer(
      ...['finetune', 'model.onnx', '-o', 'tuned.onnx', ...TINY, '--frozen', 'fc1.*', '--json'],
    );
    expect(status).toBe(0);
    expect(json()).toMatchObject({ output: 'tuned.onnx', steps: 7, metric: 'top1' });
    expect(read('model.onnx').equals(before)).toBe(true);
    expect(statSync(join(folder, 'tuned.onnx')).size).toBe(before.length);
    const [given, tuned] = await Promise.all(['model.onnx', 'tuned.onnx'].map((name) => loadModel(join(folder, name))));
    const changed = [...given!.graph.initializers()].filter(
      ({ name, initializer }) => initializer!.hash() !== tuned!.graph.value(name)!.initializer!.hash(),
    );
    expect(changed.map(({ name }) => name).sort()).toEqual(['fc2.bias', 'fc2.weight']);
  });

  it('stops early, and takes the best weights', () => {
    const options = ['--epochs', '30', '--patience', '2', '--validation', '40', '--json'];
    const { status, json } = gossamer('finetune', 'model.onnx', '-o', 'early.onnx', ...TINY, ...options);
    expect(status).toBe(0);
    const { best, history } = json() as { best: { epoch: number }; history: unknown[] };
    expect(history.length).toBe(best.epoch + 2);
  });
});

describe('distill', () => {
  it('teaches a student without labels', () => {
    expect(gossamer('train', '--arch', 'mlp-8-6-3', '-o', 'small.onnx', ...TINY, '--steps', '1').status).toBe(0);
    const files = ['--teacher', 'model.onnx', 'model.onnx', '--student', 'small.onnx', '--data', 'npz:unlabelled.npz'];
    const options = ['--epochs', '20', '--batch', '16', '--learning-rate', '0.02', '--json'];
    const before = [read('model.onnx'), read('small.onnx')];
    const { status, json } = gossamer('distill', ...files, '-o', 'taught.onnx', ...options);
    expect(status).toBe(0);
    const { history } = json() as { history: { loss: number }[] };
    expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss / 2);
    expect([read('model.onnx'), read('small.onnx')]).toEqual(before);
    const quality = gossamer('evaluate', 'taught.onnx', '--data', 'npz:train.npz', '--metric', 'top1', '--json').json();
    expect(quality['value']).toBeGreaterThan(0.9);
  });

  it('teaches a student without data', () => {
    const files = ['--teacher', 'model.onnx', '--student', 'small.onnx', '-o', 'free.onnx'];
    const options = ['--data-free', 'gan', '--steps', '20', '--batch', '16', '--threads', '1', '--json'];
    const { status, json } = gossamer('distill', ...files, ...options);
    expect(status).toBe(0);
    expect(json()).toMatchObject({ output: 'free.onnx', steps: 20, engine: 'native', verification: { loads: true } });
    expect(json()['generatorMacs']).toBeGreaterThan(0);
  });
});

describe('wrong input', () => {
  const data = ['--data', 'npz:train.npz'];
  const arch = ['train', '--arch', ARCH, '-o', 'bad.onnx'];
  const teach = ['distill', '--teacher', 'model.onnx', '--student', 'model.onnx', '-o', 'bad.onnx'];
  test.each<[string, readonly string[], RegExp]>([
    ['no data', arch, /required option '--data/],
    ['a teacher and no data', teach, /required option '--data/],
    [
      'epochs without data',
      [...teach, '--data-free', 'vae', '--epochs', '2'],
      /epochs: expected none with --data-free/,
    ],
    [
      'dropout without data',
      [...teach, '--data-free', 'gan', '--steps', '2', '--dropout', 'Gemm=0.5'],
      /dropout: expected none with --data-free/,
    ],
    [
      'what a generator takes beside data',
      [...teach, ...data, '--adversarial', '1'],
      /adversarial: expected none without --data-free/,
    ],
    [
      'a temperature without a teacher',
      ['finetune', 'model.onnx', '-o', 'bad.onnx', ...data, '--temperature', '2'],
      /temperature: expected none without --teacher/,
    ],
    [
      'an unknown architecture',
      ['train', '--arch', 'lenet-6', '-o', 'bad.onnx', ...data],
      /arch: expected one of lenet-300-100, .*received lenet-6/,
    ],
    ['data of another size', ['train', '--arch', 'mlp-9-3', '-o', 'bad.onnx', ...data], /input: expected .*received/],
    ['data without labels', [...arch, '--data', 'npz:unlabelled.npz'], /expected .*labels/],
    [
      'both epochs and steps',
      [...arch, ...data, '--epochs', '1', '--steps', '1'],
      /expected one of them, received both/,
    ],
    [
      'an unknown optimiser',
      [...arch, ...data, '--optimizer', 'adams'],
      /optimizer: expected one of .*received "adams"/,
    ],
    ['an unknown metric', [...arch, ...data, '--metric', 'speed'], /metric: expected one of .*received speed/],
    ['an unknown engine', [...arch, ...data, '--engine', 'fast'], /engine: expected .*received fast/],
    ['smoothing beyond 1', [...arch, ...data, '--label-smoothing', '2'], /[Ss]moothing: expected .*received 2/],
    ['too many held out', [...arch, ...data, '--validation', '120'], /validation: expected .*received 120/],
    ['patience without measurement', [...arch, ...data, '--validation', '0', '--patience', '1'], /patience: expected/],
    ['a temperature of 0', [...teach, ...data, '--temperature', '0'], /temperature: expected .*received 0/],
    ['a share beyond 1', [...teach, ...data, '--alpha', '1.5'], /alpha: expected .*received 1.5/],
    [
      'a loss beside a teacher',
      [...teach, ...data, '--label-smoothing', '0.1'],
      /labelSmoothing: expected none beside/,
    ],
    ['nothing to train', ['finetune', 'model.onnx', '-o', 'bad.onnx', ...data, '--frozen', '*'], /expected parameters/],
    ['a name that nothing has', ['finetune', 'model.onnx', '-o', 'bad.onnx', ...data, '--trainable', 'x*'], /expected/],
    [
      'the model itself, by force',
      ['finetune', 'model.onnx', '-o', './model.onnx', ...data, '--force'],
      /output: expected another file than the input, received \.\/model\.onnx/,
    ],
    [
      'an output folder that is not there',
      ['train', '--arch', ARCH, '-o', 'nowhere/bad.onnx', ...data],
      /output: expected a path in an existing folder/,
    ],
  ])('%s is one line and exit 2, also as JSON', (_, argv, message) => {
    rmSync(join(folder, 'bad.onnx'), { force: true });
    const before = readdirSync(folder).sort();
    const { status, stdout, stderr } = gossamer(...argv, '--quiet', '--json');
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      error: { code: expect.stringMatching(/^ERR_/) as string },
    });
    expect(readdirSync(folder).sort()).toEqual(before);
  });

  it('refuses a teacher as the output, whichever of them, also by force', () => {
    writeFileSync(join(folder, 'second.onnx'), read('model.onnx'));
    const argv = ['finetune', 'model.onnx', '--teacher', 'model.onnx', 'second.onnx', '-o', 'second.onnx', '--force'];
    const { status, stderr } = gossamer(...argv, ...data, '--quiet');
    expect([status, stderr]).toEqual([2, expect.stringContaining('second.onnx')]);
    expect(read('second.onnx').equals(read('model.onnx'))).toBe(true);
  });
});
