import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { sep } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import type { SeedRange } from '../generated-graphs-child.js';
import { type Finding, RAISED } from '../generated-graphs/check-graph.js';
import { addTally, emptyTally, type Tally } from '../generated-graphs/tally.js';
import type { SuiteFindings } from '../harness/suite-result.js';
import type { Suite, SuiteContext } from '../harness/suite.js';

const GRAPHS = 10_000;

/** Every pass over generated graphs: equal outputs, no crash. */
export const generatedGraphs: Suite = {
  name: 'generated-graphs',
  about: `puts ${GRAPHS} generated graphs through every pass and compares the outputs`,
  run: measure,
};

async function measure({ say, signal }: SuiteContext): Promise<SuiteFindings> {
  const tally = emptyTally();
  const children: ChildProcess[] = [];
  const step = availableParallelism();
  try {
    const report = (part: Tally) => {
      const before = tally.graphs;
      addTally(tally, part);
      if (Math.floor(before / 500) < Math.floor(tally.graphs / 500))
        say(`${tally.graphs} graphs, ${tally.failures.length} failures`);
    };
    const ranges = Array.from({ length: step }, (_, i) => ({ first: i + 1, step, last: GRAPHS }));
    await Promise.all(ranges.map((range) => runChild(range, children, report, signal)));
  } finally {
    for (const child of children) child.kill();
  }
  return {
    summary: [
      'Graphs of 5 to 30 steps over images, sequences and matrices: layers, elementwise operators, moves of elements, shapes computed as exporters do, If,',
      `Loop, model functions, constants in three spellings, opsets 7 to 23. Each pass runs by itself, then the pipelines, then the upgrade to opset ${RAISED}.`,
      'What changed is written, read back, checked and run in ONNX Runtime (its own optimisations off) at two batch sizes. Exact rewrites are held to every',
      'bit, the others to twice the running error bound of float32, which is derived while the graph is made; what changed nothing must have the same bytes.',
    ].join('\n'),
    claims: claims(tally),
    tables: [table(tally), ...failureTable(tally.failures)],
    data: { ...tally },
  };
}

/** Counts a share of the graphs in a process of its own: one that crashes is a failure of the suite, not its end without a word. */
function runChild(
  range: SeedRange,
  children: ChildProcess[],
  report: (part: Tally) => void,
  signal: AbortSignal,
): Promise<void> {
  // Run from sources (tests), the child needs the built file.
  const path = createRequire(import.meta.url).resolve('@gossamer/bench/generated-graphs-child');
  const child = fork(path.replace(`${sep}src${sep}`, `${sep}dist${sep}`).replace(/\.ts$/, '.js'), { signal });
  children.push(child);
  child.on('message', (part: Tally) => report(part));
  child.send(range);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, killedBy) => {
      if (code === 0) return resolve();
      reject(
        new GossamerError('ERR_CHILD_FAILED', `generated graphs: expected exit code 0, received ${killedBy ?? code}`),
      );
    });
  });
}

function claims({ graphs, failures, damage }: Tally) {
  return [
    {
      claim: `${GRAPHS} generated graphs come through every pass with equal outputs, without a crash`,
      measured: `${graphs} graphs, ${failures.length} failures`,
      holds: graphs === GRAPHS && failures.length === 0,
    },
    {
      claim: 'the comparison can fail: it notices most weights that were changed by 1 %',
      measured: `${damage.noticed} of ${damage.tried}`,
      holds: damage.noticed > damage.tried / 2,
    },
  ];
}

function table({ rewrites }: Tally) {
  return {
    title: 'Rewrites',
    columns: ['rewrite', 'graphs changed', 'changes', 'every bit the same', 'largest share of the bound', 'failures'],
    rows: Object.entries(rewrites).map(([name, { changed, changes, identical, worst, failures }]) => [
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
