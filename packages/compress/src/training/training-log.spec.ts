import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrainingLog } from './training-log.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-log-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const update = (step: number) => ({ step, steps: 40, loss: 1, learningRate: 0.1 });
const epoch = (step: number) => ({ epoch: step / 10, step, loss: 1, learningRate: 0.1 });
const path = () => join(folder, 'log.jsonl');
const steps = () =>
  readFileSync(path(), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: number; epoch?: number })
    .map((record) => (record.epoch === undefined ? record.step : `epoch ${record.epoch}`));

function begin(): void {
  const log = new TrainingLog(folder);
  log.step(update(10));
  log.epoch(epoch(10));
  log.step(update(20));
  log.epoch(epoch(20));
}

test('a training that is resumed between the last update of an epoch and its end has that epoch once', () => {
  begin();
  const resumed = new TrainingLog(folder);
  resumed.epoch(epoch(20));
  resumed.step(update(30));
  expect(steps()).toEqual([10, 'epoch 1', 20, 'epoch 2', 30]);
});

test('updates that are made again are there once', () => {
  begin();
  const resumed = new TrainingLog(folder);
  resumed.step(update(11));
  resumed.step(update(20));
  expect(steps()).toEqual([10, 'epoch 1', 20]);
});

test('a line that a crash cut off is dropped', () => {
  begin();
  appendFileSync(path(), '{"step":30,"ste');
  const resumed = new TrainingLog(folder);
  resumed.step(update(21));
  resumed.step(update(30));
  expect(steps()).toEqual([10, 'epoch 1', 20, 'epoch 2', 30]);
});
