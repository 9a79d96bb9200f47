import { GossamerError } from '@gossamer/graph';
import type { CompressErrorCode } from '../error-codes.js';

/** Throws ERR_OPTION. */
export function badOption(name: string, expected: string, received: unknown): never {
  const text = `${name}: expected ${expected}, received ${String(received)}`;
  throw new GossamerError<CompressErrorCode>('ERR_OPTION', text);
}
