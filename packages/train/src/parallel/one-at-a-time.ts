import { unlessAborted } from './unless-aborted.js';

/** Runs that share memory: each begins when the one before has ended, also one that was aborted and goes on unheard. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();

  /** The result of `work`, or the reason of `signal` as soon as that is aborted. */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    signal?.throwIfAborted();
    const before = this.#last;
    const run = before.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.#last = run.catch(() => undefined);
    return unlessAborted(run, signal);
  }
}
