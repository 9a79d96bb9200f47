import type { SuiteFindings } from '../harness/report.js';
import type { Suite, SuiteContext } from '../harness/suite.js';
import { checkGenerated, type Finding, REWRITES } from '../generated-graphs/check-graph.js';
import { generateGraph } from '../generated-graphs/generate-graph.js';
import { noticesDamage } from '../generated-graphs/notices-damage.js';

const GRAPHS = 10_000;
/** One graph in so many is also damaged on purpose. */
const DAMAGED = 20;

/** What became of one rewrite over all graphs. */
interface Tally {
  changed: number;
  changes: number;
  /** Largest difference over what rounding allows. */
  worst: number;
  identical: number;
  failures: number;
}

/** Every pass over generated graphs: equal outputs, no crash. */
export const generatedGraphs: Suite = {
  name: 'generated-graphs',
  about: `puts ${GRAPHS} generated graphs through every pass and compares the outputs`,
  run: measure,
};

async function measure({ say, signal }: SuiteContext): Promise<SuiteFindings> {
  const tallies = new Map<string, Tally>(
    REWRITES.map(({ name }) => [name, { changed: 0, changes: 0, worst: 0, identical: 0, failures: 0 }]),
  );
  const failures: (Finding & { readonly seed: number })[] = [];
  const size = { nodes: 0, steps: 0 };
  const damage = { noticed: 0, tried: 0 };
  for (let seed = 1; seed <= GRAPHS; seed++) {
    signal.throwIfAborted();
    const graph = generateGraph(seed);
    size.nodes += graph.model.graph.nodeCount;
    size.steps += graph.steps;
    for (const finding of await checkGenerated(graph, seed)) {
      count(tallies.get(finding.rewrite)!, finding);
      if (finding.failure !== undefined) failures.push({ seed, ...finding });
    }
    const noticed = seed % DAMAGED === 0 ? await noticesDamage(graph, seed) : undefined;
    if (noticed !== undefined) damage.tried++;
    if (noticed === true) damage.noticed++;
    if (seed % 500 === 0) say(`${seed} graphs, ${failures.length} failures`);
  }
  return {
    summary: [
      'Graphs of 5 to 30 steps over images, sequences and matrices: layers, elementwise operators, moves of elements, shapes computed as exporters do, If,',
      'Loop, model functions, constants in three spellings, opsets 7 to 21. Each pass runs by itself, then the default passes, then the upgrade to opset 21.',
      'What changed is written, read back, checked and run in ONNX Runtime (its own optimisations off) at two batch sizes. Exact rewrites are held to every',
      'bit, the others to twice the running error bound of float32, which is derived while the graph is made; what changed nothing must have the same bytes.',
    ].join('\n'),
    claims: claims(failures, damage),
    tables: [table(tallies), ...failureTable(failures)],
    data: { graphs: GRAPHS, ...size, damage, rewrites: Object.fromEntries(tallies), failures },
  };
}

function count(tally: Tally, { changes, worst, failure }: Finding): void {
  if (failure !== undefined) tally.failures++;
  if (changes === 0) return;
  tally.changed++;
  tally.changes += changes;
  if (worst === 0) tally.identical++;
  if (worst !== Infinity) tally.worst = Math.max(tally.worst, worst);
}

function claims(failures: readonly Finding[], damage: { readonly noticed: number; readonly tried: number }) {
  return [
    {
      claim: `${GRAPHS} generated graphs come through every pass with equal outputs, without a crash`,
      measured: `${failures.length} failures`,
      holds: failures.length === 0,
    },
    {
      claim: 'the comparison can fail: it notices most weights that were changed by 1 %',
      measured: `${damage.noticed} of ${damage.tried}`,
      holds: damage.noticed > damage.tried / 2,
    },
  ];
}

function table(tallies: ReadonlyMap<string, Tally>) {
  return {
    title: 'Rewrites',
    columns: ['rewrite', 'graphs changed', 'changes', 'every bit the same', 'largest share of the bound', 'failures'],
    rows: [...tallies].map(([name, { changed, changes, identical, worst, failures }]) => [
      name,
      ...[changed, changes, identical].map(String),
      worst.toFixed(3),
      String(failures),
    ]),
  };
}

function failureTable(failures: readonly (Finding & { readonly seed: number })[]) {
  if (failures.length === 0) return [];
  const rows = failures.slice(0, 50).map(({ seed, rewrite, failure }) => [String(seed), rewrite, failure ?? '']);
  return [{ title: 'Failures', columns: ['seed', 'rewrite', 'what'], rows }];
}
