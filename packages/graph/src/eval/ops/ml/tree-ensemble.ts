import type { EvalTensor } from '../../eval-value.js';
import { defineKernel, type Kernel, type KernelCall } from '../../kernel.js';
import { type Features, featuresOf, requireLength } from './features.js';
import { postTransform } from './post-transform.js';
import { floatsOrTensor, readForest, tensorNumbers } from './read-forest.js';
import { type Aggregate, branchTest, collectVotes, type Forest, type TreeNode } from './tree.js';
import { classifyTrees } from './tree-classifier.js';

const domain = 'ai.onnx.ml';

/** The codes of TreeEnsemble, in order. */
const AGGREGATES: readonly Aggregate[] = ['AVERAGE', 'SUM', 'MIN', 'MAX'];
const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ', 'BRANCH_MEMBER'];

/** Aggregated votes plus base values, transformed; a target without a vote has its base value. */
function scoresOf(
  call: KernelCall,
  forest: Forest,
  x: Features,
  aggregate: Aggregate,
  base: ArrayLike<number>,
): number[] {
  const targets = call.node.int('n_targets', 1);
  if (base.length > 0) requireLength(call, 'base_values', base.length, targets);
  const transform = postTransform(call);
  call.reserve([x.rows, targets]);
  return Array.from({ length: x.rows }, (_, row) => {
    const votes = collectVotes(call, forest, x, row, targets, aggregate);
    return transform(votes.map((vote, target) => (vote ?? 0) + (base[target] ?? 0)));
  }).flat();
}

function regress(call: KernelCall): EvalTensor {
  const x = featuresOf(call);
  const name = call.node.string('aggregate_function', 'SUM');
  const aggregate = AGGREGATES.find((known) => known === name);
  if (!aggregate) call.fail('ERR_EVAL_OP', 'aggregate_function', AGGREGATES.join(', '), name);
  const scores = scoresOf(call, readForest(call, 'target'), x, aggregate, floatsOrTensor(call, 'base_values'));
  return call.result('float32', [x.rows, call.node.int('n_targets', 1)], scores);
}

/** The members each BRANCH_MEMBER node tests for, in the order of the nodes: runs that end in NaN. */
function memberSets(call: KernelCall): Set<number>[] {
  const sets = [new Set<number>()];
  for (const value of Array.from(tensorNumbers(call, 'membership_values') ?? [])) {
    if (Number.isNaN(value)) sets.push(new Set());
    else sets.at(-1)!.add(value);
  }
  return sets;
}

/** The tests of the inner nodes of TreeEnsemble. */
function readTests(call: KernelCall): TreeNode['test'][] {
  const modes = Array.from(tensorNumbers(call, 'nodes_modes') ?? []);
  const splits = tensorNumbers(call, 'nodes_splits') ?? [];
  requireLength(call, 'nodes_splits', splits.length, modes.length);
  const sets = memberSets(call);
  let used = 0;
  return modes.map((code, i) => {
    const mode = MODES[code];
    if (mode === undefined) call.fail('ERR_EVAL_OP', 'nodes_modes', `a code below ${MODES.length}`, String(code));
    if (mode !== 'BRANCH_MEMBER') return branchTest(mode, splits[i]!);
    const members = sets[used++];
    if (!members) call.fail('ERR_EVAL_SHAPE', 'membership_values', 'one set for each BRANCH_MEMBER', `${sets.length}`);
    return (x: number) => members.has(x);
  });
}

/** The trees of TreeEnsemble: nodes and leaves by position; a root whose two branches are one leaf is that leaf. */
function readEnsemble(call: KernelCall): Forest {
  const { node } = call;
  const tests = readTests(call);
  const list = (name: string) => {
    const values = node.ints(name, []);
    requireLength(call, name, values.length, tests.length);
    return values;
  };
  const targets = node.ints('leaf_targetids', []);
  const weights = tensorNumbers(call, 'leaf_weights') ?? [];
  requireLength(call, 'leaf_weights', weights.length, targets.length);
  call.charge(tests.length + targets.length);
  const ends = { feature: 0, test: undefined, missing: false, yes: undefined, no: undefined };
  const leaves = targets.map((target, i): TreeNode => ({ ...ends, votes: [{ target, weight: weights[i]! }] }));
  const features = list('nodes_featureids');
  const missing = node.ints('nodes_missing_value_tracks_true', []);
  const inner = tests.map((test, i): TreeNode => ({
    ...ends,
    votes: [],
    feature: features[i]!,
    test,
    missing: missing[i] === 1,
  }));
  const [yes, yesLeaf] = [list('nodes_truenodeids'), list('nodes_trueleafs')];
  const [no, noLeaf] = [list('nodes_falsenodeids'), list('nodes_falseleafs')];
  inner.forEach((made, i) => {
    made.yes = (yesLeaf[i] ? leaves : inner)[yes[i]!];
    made.no = (noLeaf[i] ? leaves : inner)[no[i]!];
  });
  const roots = node.ints('tree_roots', []).map((root) => {
    const found = inner[root];
    if (!found) call.fail('ERR_EVAL_VALUE', 'tree_roots', `nodes in [0, ${inner.length})`, String(root));
    return found.yes && !found.yes.test && found.yes === found.no ? found.yes : found;
  });
  return { roots, size: inner.length + leaves.length };
}

function ensemble(call: KernelCall): EvalTensor {
  const x = featuresOf(call);
  const code = call.node.int('aggregate_function', 1);
  const aggregate = AGGREGATES[code];
  if (!aggregate) call.fail('ERR_EVAL_OP', 'aggregate_function', `a code below ${AGGREGATES.length}`, String(code));
  const scores = scoresOf(call, readEnsemble(call), x, aggregate, []);
  return call.result(call.tensor(0).dtype, [x.rows, call.node.int('n_targets', 1)], scores);
}

/** Decision trees and forests. */
export const treeEnsembles: readonly Kernel[] = [
  defineKernel({ op: 'TreeEnsemble', domain, run: (call) => [ensemble(call)] }),
  defineKernel({ op: 'TreeEnsembleRegressor', domain, run: (call) => [regress(call)] }),
  defineKernel({ op: 'TreeEnsembleClassifier', domain, run: classifyTrees }),
];
