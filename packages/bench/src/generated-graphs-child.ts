import { countGraph, emptyTally } from './generated-graphs/tally.js';

/** Seeds first, first + step, ... up to last. */
export interface SeedRange {
  readonly first: number;
  readonly step: number;
  readonly last: number;
}

/** Graphs between two reports. */
const BATCH = 50;

// A child process of the suite generated-graphs: counts its share of the graphs, and reports every so often.
process.once('message', ({ first, step, last }: SeedRange) => {
  void work(first, step, last);
});

async function work(first: number, step: number, last: number): Promise<void> {
  let tally = emptyTally();
  for (let seed = first; seed <= last; seed += step) {
    await countGraph(tally, seed);
    if (tally.graphs < BATCH && seed + step <= last) continue;
    process.send!(tally);
    tally = emptyTally();
  }
  process.disconnect();
}
