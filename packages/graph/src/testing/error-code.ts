import { isGossamerError } from '../errors.js';

/** The code of the GossamerError that `run` throws, undefined when it throws nothing; other errors pass through. */
export function errorCode(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isGossamerError(error)) return error.code;
    throw error;
  }
}

/** As `errorCode`, for a promise. */
export async function rejectionCode(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (isGossamerError(error)) return error.code;
    throw error;
  }
}
