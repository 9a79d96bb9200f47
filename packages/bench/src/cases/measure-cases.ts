import { isGossamerError } from '@gossamer/graph';
import type { MachinePeak } from '../harness/measure-peak.js';
import type { SuiteContext } from '../harness/suite.js';
import { askChild, type JobRequest } from './ask-child.js';
import type { KernelJob, ModelJob, PeakJob } from './case-job.js';
import type { CaseOutcome } from './case-result.js';
import { isMeasured } from './case-result.js';
import type { KernelCase } from './kernel-case.js';
import { caseId } from './run-job.js';

/** The peak of the machine on each number of threads, in a fresh process each. */
export async function measurePeaks({ threads, signal, say }: SuiteContext): Promise<MachinePeak[]> {
  const peaks: MachinePeak[] = [];
  for (const count of threads) {
    say(`the peak of the machine on ${count} thread${count === 1 ? '' : 's'}`);
    peaks.push(await askChild<PeakJob>({ kind: 'peak', threads: count }, signal));
  }
  return peaks;
}

/** Measures every case on every number of threads, in a fresh process each, unless the store has it. */
export async function measureKernels(
  cases: readonly KernelCase[],
  context: SuiteContext,
  seconds: number,
): Promise<CaseOutcome[]> {
  const wanted = new Set(chosen(cases, context));
  const jobs = context.threads.flatMap((threads) =>
    cases.flatMap((kernelCase): NamedJob[] => {
      const { name, group } = kernelCase;
      const id = caseId(name, threads);
      // What an interrupted run has finished stays in the results, asked for or not.
      if (!wanted.has(kernelCase) && !context.store.find(id)) return [];
      // Turns of several threads have a pause between them.
      const time = threads === 1 ? seconds : 2 * seconds;
      const job = { kind: 'kernel', kernelCase, threads, engines: context.engines, seconds: time } as const;
      return [{ id, name, group, threads, job }];
    }),
  );
  return measureJobs(jobs, context);
}

/** A job with what is said of it when it fails. */
export interface NamedJob {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly threads: number;
  readonly job: JobRequest<KernelJob> | JobRequest<ModelJob>;
}

/** Does the jobs one after the other; one that fails is a FailedCase, an abort ends all. */
export async function measureJobs(jobs: readonly NamedJob[], context: SuiteContext): Promise<CaseOutcome[]> {
  const { signal, store, say, onProgress } = context;
  const outcomes: CaseOutcome[] = [];
  for (const [done, { id, name, group, threads, job }] of jobs.entries()) {
    signal.throwIfAborted();
    onProgress({ stage: `${done + 1} of ${jobs.length}: ${id}`, done, total: jobs.length });
    const kept = store.find(id);
    const outcome = kept ?? (await outcomeOf(job, { id, name, group, threads }, signal));
    if (!kept) store.add(outcome);
    outcomes.push(outcome);
    say(`${kept ? 'kept ' : ''}${lineOf(outcome)}`);
  }
  return outcomes;
}

async function outcomeOf(
  job: NamedJob['job'],
  facts: Omit<NamedJob, 'job'>,
  signal: AbortSignal,
): Promise<CaseOutcome> {
  try {
    return job.kind === 'kernel' ? await askChild<KernelJob>(job, signal) : await askChild<ModelJob>(job, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isGossamerError(error)) throw error;
    return { ...facts, error: `${error.code}: ${error.message}` };
  }
}

/** Cases whose names are asked for. */
export function chosen<Named extends { readonly name: string }>(
  cases: readonly Named[],
  { only, filter }: Pick<SuiteContext, 'only' | 'filter'>,
): Named[] {
  return cases.filter(
    ({ name }) => (only?.includes(name) ?? true) && (filter?.some((text) => name.includes(text)) ?? true),
  );
}

/** One line of a case, for progress. */
function lineOf(outcome: CaseOutcome): string {
  if (!isMeasured(outcome)) return `${outcome.id}: ${outcome.error}`;
  const { id, ratio, subject, peer, warnings } = outcome;
  const doubts = warnings.length > 0 ? ` (${warnings.join('; ')})` : '';
  return `${id}: ${ratio.ratio.toFixed(2)}x (${ratio.low.toFixed(2)}-${ratio.high.toFixed(2)}), ${subject.us.median} us beside ${peer.us.median} us${doubts}`;
}
