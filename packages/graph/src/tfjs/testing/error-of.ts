import { GossamerError } from '../../errors.js';

/** The GossamerError that `action` throws; any other outcome fails the test. */
export function errorOf(action: () => unknown): GossamerError {
  try {
    action();
  } catch (error) {
    if (error instanceof GossamerError) return error;
    throw error;
  }
  throw new Error('expected an error, received none');
}
