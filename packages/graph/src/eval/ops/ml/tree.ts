import type { KernelCall } from '../../kernel.js';
import type { Features } from './features.js';

/** What a leaf adds to a target (or class). */
export interface Vote {
  readonly target: number;
  readonly weight: number;
}

/** A leaf, or (with a test) an inner node. Children are set after all nodes were made. */
export interface TreeNode {
  readonly votes: Vote[];
  readonly feature: number;
  /** Undefined for a leaf. */
  readonly test: ((x: number) => boolean) | undefined;
  /** Whether a missing feature (NaN) goes to the true branch. */
  readonly missing: boolean;
  yes: TreeNode | undefined;
  no: TreeNode | undefined;
}

export interface Forest {
  readonly roots: readonly TreeNode[];
  /** Inner nodes and leaves: no path of a tree is longer. */
  readonly size: number;
}

/** The test of a node with threshold `split`, by the name of its mode; undefined for LEAF and unknown modes. */
export function branchTest(mode: string, split: number): TreeNode['test'] {
  switch (mode) {
    case 'BRANCH_LEQ':
      return (x) => x <= split;
    case 'BRANCH_LT':
      return (x) => x < split;
    case 'BRANCH_GTE':
      return (x) => x >= split;
    case 'BRANCH_GT':
      return (x) => x > split;
    case 'BRANCH_EQ':
      return (x) => x === split;
    case 'BRANCH_NEQ':
      return (x) => x !== split;
    default:
      return undefined;
  }
}

/** The leaf of the tree under `root` that sample `row` reaches. */
function leafOf(call: KernelCall, root: TreeNode, forest: Forest, x: Features, row: number): TreeNode {
  let node = root;
  for (let steps = 0; steps <= forest.size; steps++) {
    if (!node.test) {
      call.charge(steps + node.votes.length);
      return node;
    }
    if (!(node.feature >= 0 && node.feature < x.width)) {
      call.fail('ERR_EVAL_VALUE', 'nodes_featureids', `features in [0, ${x.width})`, String(node.feature));
    }
    const value = x.data[row * x.width + node.feature]!;
    const next = (Number.isNaN(value) ? node.missing : node.test(value)) ? node.yes : node.no;
    if (!next) call.fail('ERR_EVAL_VALUE', 'nodes', 'two children of each inner node', 'one that is not there');
    node = next;
  }
  return call.fail('ERR_EVAL_VALUE', 'nodes', 'trees', 'a cycle');
}

/** How the votes for a target are put together. */
export type Aggregate = 'SUM' | 'AVERAGE' | 'MIN' | 'MAX';

const COMBINE: Readonly<Record<Aggregate, (a: number, b: number) => number>> = {
  SUM: (a, b) => a + b,
  AVERAGE: (a, b) => a + b,
  MIN: Math.min,
  MAX: Math.max,
};

/** Votes of all trees for one sample, by target; undefined where no tree voted. */
export function collectVotes(
  call: KernelCall,
  forest: Forest,
  x: Features,
  row: number,
  targets: number,
  aggregate: Aggregate,
): (number | undefined)[] {
  const combine = COMBINE[aggregate];
  const scores = new Array<number | undefined>(targets).fill(undefined);
  for (const root of forest.roots) {
    for (const { target, weight } of leafOf(call, root, forest, x, row).votes) {
      if (!(target >= 0 && target < targets)) {
        call.fail('ERR_EVAL_VALUE', 'target', `a target in [0, ${targets})`, String(target));
      }
      const before = scores[target];
      scores[target] = before === undefined ? weight : combine(before, weight);
    }
  }
  if (aggregate !== 'AVERAGE') return scores;
  return scores.map((score) => (score === undefined ? score : score / forest.roots.length));
}
