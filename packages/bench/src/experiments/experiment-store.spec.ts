import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExperimentStore } from './experiment-store.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gossamer-experiments-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (figure: number, recipe: object = {}) => ({
  ...{ name: 'net', seed: 1, recipe },
  run: () => Promise.resolve({ figures: { errors: figure } }),
});

test('a finished run is kept; one of another recipe is another', async () => {
  const store = new ExperimentStore(folder);
  const said: string[] = [];
  expect((await store.measure(run(3), (line) => said.push(line))).figures['errors']).toBe(3);
  expect((await store.measure(run(4), (line) => said.push(line))).figures['errors']).toBe(3);
  expect((await store.measure(run(5, { epochs: 2 }), () => undefined)).figures['errors']).toBe(5);
  expect(said).toHaveLength(2);
});

test('a run that was stopped counts the seconds of all its pieces', async () => {
  const store = new ExperimentStore(folder);
  const PIECE = 60;
  const stopped = {
    ...run(3),
    run: async () => {
      await sleep(PIECE);
      throw new Error('stopped');
    },
  };
  await expect(store.measure(stopped, () => undefined)).rejects.toThrow('stopped');
  const { figures } = await store.measure(run(3), () => undefined);
  expect(figures['seconds']).toBeGreaterThanOrEqual((PIECE - 1) / 1000);
});
