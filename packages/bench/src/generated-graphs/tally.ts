import { checkGenerated, type Finding, REWRITES } from './check-graph.js';
import { generateGraph } from './generate-graph.js';
import { noticesDamage } from './notices-damage.js';

/** What became of one rewrite over many graphs. */
export interface RewriteTally {
  changed: number;
  changes: number;
  /** Largest difference over what rounding allows. */
  worst: number;
  identical: number;
  failures: number;
}

/** What became of many graphs. */
export interface Tally {
  graphs: number;
  nodes: number;
  readonly rewrites: Record<string, RewriteTally>;
  readonly failures: (Finding & { readonly seed: number })[];
  readonly damage: { noticed: number; tried: number };
}

/** One graph in so many is also damaged on purpose. */
const DAMAGED = 20;

export function emptyTally(): Tally {
  const rewrites = Object.fromEntries(
    REWRITES.map(({ name }) => [name, { changed: 0, changes: 0, worst: 0, identical: 0, failures: 0 }]),
  );
  return { graphs: 0, nodes: 0, rewrites, failures: [], damage: { noticed: 0, tried: 0 } };
}

/** Makes the graph of a seed, checks it and counts it. */
export async function countGraph(tally: Tally, seed: number): Promise<void> {
  const graph = generateGraph(seed);
  tally.graphs++;
  tally.nodes += graph.model.graph.nodeCount;
  for (const finding of await checkGenerated(graph, seed)) {
    count(tally.rewrites[finding.rewrite]!, finding);
    if (finding.failure !== undefined) tally.failures.push({ seed, ...finding });
  }
  const noticed = seed % DAMAGED === 0 ? await noticesDamage(graph, seed) : undefined;
  if (noticed !== undefined) tally.damage.tried++;
  if (noticed === true) tally.damage.noticed++;
}

/** Adds the counts of `other` to `tally`. */
export function addTally(tally: Tally, other: Tally): void {
  tally.graphs += other.graphs;
  tally.nodes += other.nodes;
  tally.failures.push(...other.failures);
  tally.damage.noticed += other.damage.noticed;
  tally.damage.tried += other.damage.tried;
  for (const [name, { changed, changes, worst, identical, failures }] of Object.entries(other.rewrites)) {
    const sum = tally.rewrites[name]!;
    sum.changed += changed;
    sum.changes += changes;
    sum.worst = Math.max(sum.worst, worst);
    sum.identical += identical;
    sum.failures += failures;
  }
}

function count(tally: RewriteTally, { changes, worst, failure }: Finding): void {
  if (failure !== undefined) tally.failures++;
  if (changes === 0) return;
  tally.changed++;
  tally.changes += changes;
  if (worst === 0) tally.identical++;
  if (worst !== Infinity) tally.worst = Math.max(tally.worst, worst);
}
