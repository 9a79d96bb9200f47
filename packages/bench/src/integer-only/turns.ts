import type { Model } from '@gossamer/graph';
import { type Feeds, Session, type SessionOptions } from '@gossamer/runtime';

/** One side of a comparison. */
export interface Runner {
  readonly name: string;
  readonly model: Model;
  readonly options: SessionOptions;
}

/** A sample fills this much time with runs; the clock shows less. */
const SAMPLE_MS = 4;

/** The least milliseconds of one run of each, over samples taken in turns (A B C, A B C, ...) for `seconds` in all. */
export async function fastestRuns(
  runners: readonly Runner[],
  feeds: Feeds,
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<Map<string, number>> {
  const sides: { session: Session; runs: number; best: number }[] = [];
  try {
    for (const { model, options } of runners) {
      const session = await Session.open(model, options);
      const start = performance.now();
      for (let i = 0; i < 5; i++) await session.run(feeds);
      const runs = Math.max(1, Math.ceil((5 * SAMPLE_MS) / (performance.now() - start)));
      sides.push({ session, runs, best: Infinity });
    }
    for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
      signal.throwIfAborted();
      for (const side of sides) {
        const start = performance.now();
        for (let i = 0; i < side.runs; i++) await side.session.run(feeds);
        side.best = Math.min(side.best, (performance.now() - start) / side.runs);
      }
    }
    return new Map(runners.map(({ name }, i) => [name, sides[i]!.best]));
  } finally {
    for (const { session } of sides) await session.dispose();
  }
}
