import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';

/** What GOSSAMER_THREADS says; undefined when it is not set. Throws ERR_OPTION unless it is an integer > 0. */
export function defaultThreads(): number | undefined {
  const text = process.env['GOSSAMER_THREADS'];
  if (text === undefined || text === '') return undefined;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads > 0) return threads;
  throw new GossamerError<RuntimeErrorCode>(
    'ERR_OPTION',
    `GOSSAMER_THREADS: expected an integer > 0, received ${text}`,
  );
}
