import { GossamerError, isGossamerError } from '@gossamer/graph';

/** Passes the result on; an error about the data says which layer it is about. */
export async function nameLayer<T>(id: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    if (!isGossamerError(cause)) throw cause;
    throw new GossamerError(cause.code, `layer ${id}: ${cause.message}`, { cause });
  }
}
