import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { BatchOptions } from './data-source.js';

/** Samples a batch: `fixed`, what the model insists on, else what was asked for, else 1. Throws for 0, which would never end. */
export function batchSize({ batchSize: size = 1 }: BatchOptions, fixed: number | undefined): number {
  if (!(Number.isSafeInteger(size) && size > 0)) {
    throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', `batchSize: expected an integer > 0, received ${size}`);
  }
  if (fixed === 0) {
    const text = 'inputs: expected a batch of at least 1 sample, received a model with a batch of 0';
    throw new GossamerError<RuntimeErrorCode>('ERR_DATA_INPUTS', text);
  }
  return fixed ?? size;
}

/** `{ rows }` for a batch of `rows` samples of which only `count` are meant, to be spread into it. */
export function filledUp(rows: number, count: number): { readonly rows?: number } {
  return rows > count ? { rows } : {};
}
