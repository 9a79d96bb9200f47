import type { SessionOptions } from '@gossamer/runtime';

/** What a method passes on to the sessions that measure for it; what is undefined is left out. */
export function sessionOptions({
  engine,
  threads,
  signal,
}: {
  readonly engine?: string | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}): Pick<SessionOptions, 'engine' | 'threads' | 'signal'> {
  return {
    ...(engine === undefined ? {} : { engine }),
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  };
}
