/**
 * Runs `start` for each job in order, one job ahead of the consumer: while one result is used, the next is being made. At most two
 * jobs are under way, which bounds memory.
 */
export async function* readAhead<Job, Result>(
  jobs: readonly Job[],
  start: (job: Job) => Promise<Result>,
): AsyncGenerator<[Job, Result]> {
  const begin = (index: number) => {
    const job = jobs[index];
    if (job === undefined) return undefined;
    const promise = start(job);
    // Its failure is reported when it is awaited; until then it must not count as unhandled.
    promise.catch(() => undefined);
    return promise;
  };
  let next = begin(0);
  for (let i = 0; i < jobs.length; i++) {
    const current = next!;
    next = begin(i + 1);
    yield [jobs[i]!, await current];
  }
}
