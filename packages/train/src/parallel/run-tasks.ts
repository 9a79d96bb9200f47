import { GossamerError } from '@gossamer/graph';
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { TrainErrorCode } from '../error-codes.js';
import { badOption, requireInteger } from '../require-option.js';
import { entryScript, type WireError } from './worker-link.js';

/** A job of its own: a function of a module, called in a child process. */
export interface Task {
  /** URL or path of a JavaScript module. */
  readonly module: string;
  /** The function that is called. Default: the module's default export. */
  readonly export?: string;
  /** What it is called with; it and what the function returns cross by structured clone. */
  readonly input: unknown;
  /** Bytes that it takes at most, for `memoryLimit`. Default 0. */
  readonly memory?: number;
}

export interface RunTasksOptions {
  /** Child processes at a time. */
  readonly workers: number;
  /** Bytes that tasks which run at the same time may take together, by what they say of themselves. Default: no limit. */
  readonly memoryLimit?: number;
  readonly signal?: AbortSignal;
}

/** How a task ended. */
export type TaskResult<Result> =
  | { readonly status: 'fulfilled'; readonly value: Result }
  | { readonly status: 'rejected'; readonly reason: GossamerError };

/** What a child process answers. */
export type TaskAnswer = { readonly value: unknown } | { readonly error: WireError };

/**
 * Runs tasks in child processes, begun in their order, and gives how each ended, in their order. A task that throws, or whose process dies, is a
 * result (its code, or ERR_WORKER) and does not stop the others. Each child has its share of the cores in GOSSAMER_THREADS, where that is not set.
 * Rejects with the reason of `signal`, and for a task that takes more than the limit alone (ERR_TRAIN_OPTIONS).
 */
export async function runTasks<Result>(
  tasks: readonly Task[],
  options: RunTasksOptions,
): Promise<readonly TaskResult<Result>[]> {
  const workers = requireInteger('workers', options.workers, 1);
  const { memoryLimit = Infinity, signal } = options;
  for (const { memory = 0 } of tasks) if (memory > memoryLimit) badOption('memory', `at most ${memoryLimit}`, memory);
  signal?.throwIfAborted();
  const results: TaskResult<Result>[] = [];
  const running = new Map<number, Promise<void>>();
  let taken = 0;
  for (const [index, task] of tasks.entries()) {
    const { memory = 0 } = task;
    while (running.size >= workers || taken + memory > memoryLimit) await Promise.race(running.values());
    if (signal?.aborted) break;
    taken += memory;
    const job = runTask<Result>(task, index, workers, signal).then((result) => {
      results[index] = result;
      running.delete(index);
      taken -= memory;
    });
    running.set(index, job);
  }
  await Promise.all(running.values());
  signal?.throwIfAborted();
  return results;
}

function runTask<Result>(
  task: Task,
  index: number,
  workers: number,
  signal: AbortSignal | undefined,
): Promise<TaskResult<Result>> {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / workers)));
  const child = fork(entryScript('task-child'), [], {
    execArgv: [],
    env: { GOSSAMER_THREADS: threads, ...process.env },
    serialization: 'advanced',
  });
  const name = `task ${index + 1}`;
  return new Promise((resolve) => {
    let answer: TaskAnswer | undefined;
    const fail = (code: string, message: string) =>
      resolve({ status: 'rejected', reason: new GossamerError(code, `${name}: ${message}`) });
    const died = (received: string) =>
      fail('ERR_WORKER' satisfies TrainErrorCode, `expected an answer, received ${received}`);
    const stop = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop);
    child.on('message', (message) => (answer = message as TaskAnswer));
    child.on('error', ({ message }) => died(message));
    child.on('close', (code, killedBy) => {
      signal?.removeEventListener('abort', stop);
      if (!answer) died(`its end by ${killedBy ?? `exit code ${code}`}`);
      else if ('error' in answer) fail(answer.error.code ?? 'ERR_WORKER', answer.error.message);
      else resolve({ status: 'fulfilled', value: answer.value as Result });
    });
    send(child, task);
  });
}

/** A child that has died already takes nothing; its end says so. */
function send(child: ChildProcess, { module, export: name = 'default', input }: Task): void {
  child.send({ module, name, input }, () => undefined);
}
