import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTasks, type Task } from './run-tasks.js';

const script = join(fileURLToPath(import.meta.url), '..', 'testing', 'tasks.mjs');
const task = (name: string): Task => ({ module: script, export: name, input: undefined });

test('results stand in the order of the tasks, failures among them', async () => {
  const tasks = [
    { module: script, input: { x: 3 } },
    task('diverge'),
    task('die'),
    { module: script, input: { x: 5 } },
    task('none'),
  ];
  const results = await runTasks<number>(tasks, { workers: 2 });
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.code))).toEqual([
    9,
    'ERR_DIVERGED',
    'ERR_WORKER',
    25,
    'ERR_WORKER',
  ]);
  const died = results[2]!;
  expect(died.status === 'rejected' && died.reason.message).toBe(
    'task 3: expected an answer, received its end by exit code 4',
  );
});

test('tasks that together take more than the limit run one behind the other', async () => {
  const tasks = [1, 2, 3].map(() => ({ ...task('span'), memory: 60 }));
  const spans = (await runTasks<[number, number]>(tasks, { workers: 3, memoryLimit: 100 })).map(
    (result) => result.status === 'fulfilled' && result.value,
  ) as [number, number][];
  spans.slice(1).forEach(([start], i) => expect(start).toBeGreaterThanOrEqual(spans[i]![1]));
  const refused = expect.objectContaining({ code: 'ERR_TRAIN_OPTIONS' }) as Error;
  await expect(runTasks(tasks, { workers: 1, memoryLimit: 50 })).rejects.toThrow(refused);
});

test('an abort ends the children and rejects with the reason', async () => {
  const abort = new AbortController();
  const running = runTasks([task('hang'), task('hang')], { workers: 1, signal: abort.signal });
  setTimeout(() => abort.abort(new Error('enough')), 200);
  await expect(running).rejects.toThrow('enough');
});
