/** One way to cut between two layers that multiply: before node `position`. */
export interface CutPlace {
  readonly position: number;
  /** What crosses it; Infinity: no cut. */
  readonly bytes: number;
}

/** How much more than in the most balanced cut the busiest stage may do, for fewer bytes. */
const SLACK = 1.1;

/**
 * Places between layers of `work` (place i behind layer i) that make `stages` parts: of the cuts whose busiest part does at most 1.1 times what it
 * does in the most balanced one, that which the fewest bytes cross. Undefined where there is none. O(stages * layers^2).
 */
export function chooseCuts(
  work: readonly number[],
  places: readonly CutPlace[],
  stages: number,
): readonly number[] | undefined {
  const sums = [0];
  for (const amount of work) sums.push(sums.at(-1)! + amount);
  const busiest = best(sums, places, stages, (so, load) => Math.max(so, load), Infinity);
  if (!busiest) return undefined;
  const fewest = best(sums, places, stages, (so, _, bytes) => so + bytes, busiest.cost * SLACK);
  return fewest!.cuts;
}

interface Found {
  readonly cost: number;
  /** Layers before each cut. */
  readonly cuts: readonly number[];
}

function best(
  sums: readonly number[],
  places: readonly CutPlace[],
  stages: number,
  cost: (soFar: number, load: number, bytes: number) => number,
  limit: number,
): Found | undefined {
  const layers = sums.length - 1;
  // found[end]: the best cut of the first `end` layers into the stages so far.
  let found: (Found | undefined)[] = [{ cost: 0, cuts: [] }];
  for (let stage = 1; stage <= stages; stage++) {
    const next: (Found | undefined)[] = [];
    for (let end = stage; end <= layers; end++) {
      for (let start = stage - 1; start < end; start++) {
        const before = found[start];
        const load = sums[end]! - sums[start]!;
        const bytes = start === 0 ? 0 : places[start - 1]!.bytes;
        if (!before || load > limit || bytes === Infinity) continue;
        const total = cost(before.cost, load, bytes);
        if (total < (next[end]?.cost ?? Infinity))
          next[end] = { cost: total, cuts: start === 0 ? [] : [...before.cuts, start] };
      }
    }
    found = next;
  }
  return found[layers];
}
