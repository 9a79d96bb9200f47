import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { saveArrays } from '@gossamer/runtime';
import { fillUniform } from '@gossamer/train';

const main = join(__dirname, '../dist/main.js');

interface Document {
  readonly metric: string;
  readonly best: { readonly id: number; readonly configuration: { readonly learningRate: number } };
  readonly trials: readonly { readonly id: number; readonly epochs: number; readonly value: number }[];
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gossamer-tuning-'));
  const samples = 90;
  const labels = Array.from({ length: samples }, (_, i) => i % 3);
  const noise = new Float32Array(samples * 8);
  fillUniform(noise, 1, 0, 0);
  // Points around three corners of a cube.
  const points = noise.map((u, i) => u - 0.5 + (i % 8 === labels[Math.floor(i / 8)] ? 0.8 : 0));
  await saveArrays(join(folder, 'train.npz'), {
    input: Tensor.of('float32', [samples, 8], points),
    labels: Tensor.fromNumbers('int64', [samples], labels),
  });
  const space = {
    learningRate: { kind: 'log-uniform', low: 1e-4, high: 0.3 },
    optimizer: { kind: 'choice', values: ['sgd', 'adam'] },
  };
  writeFileSync(join(folder, 'space.json'), JSON.stringify(space));
});
afterAll(() => rmSync(folder, { recursive: true }));

const TUNE = ['tune', '--arch', 'mlp-8-6-3', '--data', 'npz:train.npz', '--space', 'space.json', '--batch', '4'];

function gossamer(...argv: string[]) {
  const options = { encoding: 'utf8', cwd: folder } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv, '--threads', '1'], options);
  return { status, stdout, stderr, json: () => JSON.parse(stdout) as Document };
}

const journal = (run: string): string[] =>
  readFileSync(join(folder, run, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n');

test('finds good options, and goes on from its journal after an interruption', async () => {
  const argv = [...TUNE, '--trials', '12', '--folds', '2', '--epochs', '6', '--run', 'run', '--json'];
  const child = spawn(process.execPath, [main, ...argv, '--threads', '1'], { cwd: folder, stdio: 'ignore' });
  const poll = setInterval(() => {
    if (existsSync(join(folder, 'run/journal.jsonl')) && journal('run').length > 4 && !child.killed)
      child.kill('SIGINT');
  }, 5);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(poll);
  expect(status).toBe(130);
  const [header, ...evaluated] = journal('run');
  const resumed = gossamer(...argv);
  expect(resumed.status).toBe(0);
  expect(journal('run').slice(0, 1 + evaluated.length)).toEqual([header, ...evaluated]);
  expect(journal('run')).toHaveLength(1 + 12 * 2);
  const { metric, best, trials } = resumed.json();
  const whole = gossamer(...TUNE, '--trials', '12', '--folds', '2', '--epochs', '6', '--json').json();
  expect(trials).toEqual(whole.trials);
  expect(metric).toBe('top1');
  expect(best.id).toBe(trials.find(({ value }) => value === Math.max(...trials.map((trial) => trial.value)))!.id);
  expect(trials[best.id]!.value).toBeGreaterThan(0.9);
  // Options of another training have another journal.
  const other = gossamer(...TUNE, '--trials', '12', '--folds', '2', '--epochs', '3', '--run', 'run');
  expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('expected one of the same search')]);
});

test('halving spends the epochs on the best of many; people get a table and the flags', () => {
  const { status, stderr } = gossamer(...TUNE, '--search', 'halving', '--epochs', '9', '--folds', '2');
  expect(status).toBe(0);
  // 9 trials of one epoch, 3 of three, 1 of nine.
  expect(stderr.match(/^ +\d+ .* (1|3|9) +[\d.]+$/gm)).toHaveLength(13);
  expect(stderr).toMatch(/trial 13: top1 [\d.]+ --learning-rate \S+ --optimizer (sgd|adam)$/m);
});

test.each<[string, readonly string[], RegExp]>([
  ['neither model nor architecture', ['tune', ...TUNE.slice(3)], /expected a model or --arch, received none/],
  ['a strategy that there is not', [...TUNE, '--search', 'grid'], /Allowed choices are tpe, random, halving/],
  ['one fold', [...TUNE, '--folds', '1'], /folds: expected an integer in \[2, 90\], received 1/],
  ['a space that is not there', [...TUNE, '--space', 'absent.json'], /absent\.json: expected a path to open/],
  ['a space that is no JSON', [...TUNE, '--space', 'train.npz'], /train\.npz: expected JSON/],
  [
    'an option that is not searched',
    [...TUNE, '--space', 'wrong.json'],
    /space: expected options among .*received rate/,
  ],
])('%s is one line and exit 2', (_, argv, message) => {
  writeFileSync(join(folder, 'wrong.json'), '{ "rate": { "kind": "uniform", "low": 0, "high": 1 } }');
  const { status, stderr } = gossamer(...argv, '--quiet');
  expect([status, stderr.trim().split('\n')]).toEqual([2, [expect.stringMatching(message)]]);
});
