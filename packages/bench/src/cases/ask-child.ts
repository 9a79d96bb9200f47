import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { sep } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import type { CaseAnswers, CaseJob, CaseReply } from './case-job.js';

/** A job without what askChild adds. */
export type JobRequest<Job> = Job extends CaseJob ? Omit<Job, 'pinned'> : never;

/**
 * Does a job in a fresh process that is kept on as many CPUs as it has threads, the last ones of the machine (Linux with taskset; elsewhere it
 * is not kept). Throws ERR_CASE or the child's own error; an abort ends the child.
 */
export async function askChild<Job extends CaseJob>(
  job: JobRequest<Job>,
  signal?: AbortSignal,
): Promise<CaseAnswers[Job['kind']]> {
  const pinned = pinnedCpus(job.threads);
  const reply = await exchange({ ...job, pinned } as unknown as CaseJob, pinned, signal);
  if ('error' in reply) throw new GossamerError(reply.error.code, reply.error.message);
  return reply.answer as CaseAnswers[Job['kind']];
}

/** The last `threads` CPUs; undefined where all are needed or nothing can keep a process there. */
export function pinnedCpus(threads: number, cores = availableParallelism()): readonly number[] | undefined {
  if (threads >= cores || !hasTaskset()) return undefined;
  return Array.from({ length: threads }, (_, i) => cores - threads + i);
}

let taskset: boolean | undefined;

function hasTaskset(): boolean {
  const last = availableParallelism() - 1;
  taskset ??= process.platform === 'linux' && spawnSync('taskset', ['-c', String(last), 'true']).status === 0;
  return taskset;
}

function exchange(
  job: CaseJob,
  pinned: readonly number[] | undefined,
  signal: AbortSignal | undefined,
): Promise<CaseReply> {
  signal?.throwIfAborted();
  const node = [process.execPath, childScript()];
  const [command, ...args] = pinned ? ['taskset', '-c', pinned.join(','), ...node] : node;
  const child = spawn(command!, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    // The pool of the kernels, also where an engine does not set it.
    env: {
      ...process.env,
      GOSSAMER_THREADS: String(job.threads),
      ...('isa' in job && job.isa !== undefined ? { GOSSAMER_ISA: job.isa } : {}),
    },
  });
  const failed = (what: string) =>
    new GossamerError('ERR_CASE', `benchmark child: expected an answer, received ${what}`);
  return new Promise((resolve, reject) => {
    let said = '';
    const stop = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
    child.once('message', (reply: CaseReply) => resolve(reply));
    child.once('error', (error) => reject(failed(error.message)));
    child.once('close', (code, killedBy) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason as Error);
      else reject(failed(`its end (${killedBy ?? code}) ${said.trim()}`.trim()));
    });
    child.send(job);
  });
}

/** The child's script: an entry of this package, which in a source checkout is taken from the built one beside it. */
function childScript(): string {
  const entry = createRequire(import.meta.url).resolve('@gossamer/bench/case-child');
  return entry.endsWith('.ts') ? entry.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js') : entry;
}
