import { join } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { peerPython } from '../harness/peer.js';
import type { Claim, Table } from '../harness/suite-result.js';
import { runMeasured } from '../harness/run-measured.js';
import type { SuiteContext } from '../harness/suite.js';
import { repositoryFolder } from '../package-folder.js';
import { pinnedCpus } from './ask-child.js';
import { type CaseOutcome, type CaseResult, isMeasured } from './case-result.js';

/** Microseconds of the same sparse product in other libraries, by their names. */
export interface SparsePeerTimes {
  readonly id: string;
  readonly times: Readonly<Record<string, { readonly median: number; readonly min: number; readonly n: number }>>;
}

/**
 * Times the float products with a mask in what GOSSAMER_PEER_PYTHON has of SciPy and PyTorch with MKL, each in a process of its own on as many
 * threads and the same CPUs; nothing where it is not set.
 */
export async function measureSparsePeers(
  outcomes: readonly CaseOutcome[],
  { signal, say }: SuiteContext,
): Promise<SparsePeerTimes[]> {
  const python = peerPython();
  const found: SparsePeerTimes[] = [];
  if (python === undefined) return found;
  const script = join(repositoryFolder(), 'packages', 'bench', 'peers', 'sparse_float.py');
  for (const { id, facts, threads } of sparseFloats(outcomes)) {
    say(`${id}: SciPy and MKL`);
    const pinned = pinnedCpus(threads);
    const sizes = [facts['m'], facts['n'], facts['k'], facts['sparsity'], threads].map(String);
    const words = [...(pinned ? ['taskset', '-c', pinned.join(',')] : []), python, '-W', 'ignore', script, ...sizes];
    const { stdout } = await runMeasured(words[0]!, words.slice(1), { signal });
    found.push({ id, times: parseTimes(stdout, python) });
  }
  return found;
}

function parseTimes(stdout: string, python: string): SparsePeerTimes['times'] {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as SparsePeerTimes['times'];
  } catch (cause) {
    throw new GossamerError('ERR_CHILD_FAILED', `${python}: expected a line of JSON, received ${stdout.slice(-80)}`, {
      cause,
    });
  }
}

const sparseFloats = (outcomes: readonly CaseOutcome[]): CaseResult[] =>
  outcomes.filter(isMeasured).filter(({ facts }) => facts['kind'] === 'float' && facts['mask'] !== 'dense');

/** A row a case; undefined where nothing was measured. */
export function sparsePeerTable(
  outcomes: readonly CaseOutcome[],
  peers: readonly SparsePeerTimes[],
): Table | undefined {
  const libraries = [...new Set(peers.flatMap(({ times }) => Object.keys(times)))];
  if (libraries.length === 0) return undefined;
  return {
    title: 'float, sparse, beside libraries for sparse matrices (medians; measured one after the other)',
    columns: ['M x N x K', 'threads', 'us', ...libraries.map((name) => `${name} us`), 'faster than the best'],
    rows: sparseFloats(outcomes).map((result) => {
      const times = peers.find(({ id }) => id === result.id)?.times ?? {};
      const best = besideBest(result, peers);
      return [
        ...[result.name, String(result.threads), result.subject.us.median.toFixed(1)],
        ...libraries.map((name) => times[name]?.median.toFixed(1) ?? ''),
        best === undefined ? '' : `${best.toFixed(2)}x`,
      ];
    }),
  };
}

/** How many times as fast as the fastest library, the call from Node included. */
function besideBest(result: CaseResult, peers: readonly SparsePeerTimes[]): number | undefined {
  const medians = Object.values(peers.find(({ id }) => id === result.id)?.times ?? {}).map(({ median }) => median);
  return medians.length === 0 ? undefined : Math.min(...medians) / result.subject.us.median;
}

/** What the project promises of sparse products in float: at 80 and 90 %, one thread. */
export function sparsePeerClaim(outcomes: readonly CaseOutcome[], peers: readonly SparsePeerTimes[]): Claim {
  const claim = 'float, 80 and 90 % sparse, one thread, beside the best of MKL and SciPy: at least 2x (goal 3x)';
  const ratios = sparseFloats(outcomes)
    .filter(({ threads, facts }) => threads === 1 && ['80%', '90%'].includes(String(facts['mask'])))
    .flatMap((result) => besideBest(result, peers) ?? []);
  if (ratios.length === 0)
    return { claim, measured: 'no case in this run, or GOSSAMER_PEER_PYTHON is not set', holds: undefined };
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  const extremes = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  return { claim, measured: `${mean.toFixed(2)}x, ${ratios.length} cases from ${extremes}`, holds: mean >= 2 };
}
