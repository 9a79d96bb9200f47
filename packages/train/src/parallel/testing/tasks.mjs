// Tasks for the specs of runTasks.
import { GossamerError } from '@gossamer/graph';

export default ({ x }) => x * x;

export const threads = () => process.env.GOSSAMER_THREADS;

export function diverge() {
  throw new GossamerError('ERR_DIVERGED', 'no end');
}

export const die = () => process.exit(4);

export const hang = () => new Promise((resolve) => setTimeout(resolve, 1e6));

/** When it ran, in milliseconds. */
export async function span() {
  const start = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 100));
  return [start, Date.now()];
}
