import { fromTensor } from '../../eval-value.js';
import type { KernelCall } from '../../kernel.js';
import { requireLength } from './features.js';
import { branchTest, type Forest, type TreeNode } from './tree.js';

/** A tensor attribute as doubles; undefined when it is absent. */
export function tensorNumbers(call: KernelCall, name: string): ArrayLike<number> | undefined {
  const tensor = call.node.tensor(name);
  return tensor && call.asNumbers(fromTensor(tensor, 'float64'));
}

/** Attribute `name`, or its twin of doubles `name_as_tensor`. */
export function floatsOrTensor(call: KernelCall, name: string): ArrayLike<number> {
  return tensorNumbers(call, `${name}_as_tensor`) ?? call.node.floats(name, []);
}

/** The trees of TreeEnsembleRegressor (`votes` = 'target') and TreeEnsembleClassifier ('class'): nodes by tree id and node id. */
export function readForest(call: KernelCall, votes: 'target' | 'class'): Forest {
  const { node } = call;
  const modes = node.strings('nodes_modes', []);
  const list = (name: string) => {
    const values = node.ints(name, []);
    requireLength(call, name, values.length, modes.length);
    return values;
  };
  const [trees, ids, features] = [list('nodes_treeids'), list('nodes_nodeids'), list('nodes_featureids')];
  const splits = floatsOrTensor(call, 'nodes_values');
  requireLength(call, 'nodes_values', splits.length, modes.length);
  const missing = node.ints('nodes_missing_value_tracks_true', []);
  call.charge(modes.length);
  const byId = new Map<string, TreeNode>();
  const roots = new Map<number, TreeNode>();
  modes.forEach((mode, i) => {
    const test = branchTest(mode, splits[i]!);
    if (!test && mode !== 'LEAF') call.fail('ERR_EVAL_OP', 'nodes_modes', 'a known mode', mode);
    const made = { votes: [], feature: features[i]!, test, missing: missing[i] === 1, yes: undefined, no: undefined };
    const key = `${trees[i]} ${ids[i]}`;
    if (byId.has(key)) call.fail('ERR_EVAL_VALUE', 'nodes_nodeids', 'each node once', key);
    byId.set(key, made);
    if (!roots.has(trees[i]!)) roots.set(trees[i]!, made);
  });
  const [whenTrue, whenFalse] = [list('nodes_truenodeids'), list('nodes_falsenodeids')];
  modes.forEach((_, i) => {
    const inner = byId.get(`${trees[i]} ${ids[i]}`)!;
    inner.yes = byId.get(`${trees[i]} ${whenTrue[i]}`);
    inner.no = byId.get(`${trees[i]} ${whenFalse[i]}`);
  });
  addVotes(call, votes, byId);
  return { roots: [...roots.values()], size: modes.length };
}

function addVotes(call: KernelCall, kind: 'target' | 'class', byId: ReadonlyMap<string, TreeNode>): void {
  const targets = call.node.ints(`${kind}_ids`, []);
  const [trees, ids] = [call.node.ints(`${kind}_treeids`, []), call.node.ints(`${kind}_nodeids`, [])];
  const weights = floatsOrTensor(call, `${kind}_weights`);
  const lists = { [`${kind}_treeids`]: trees, [`${kind}_nodeids`]: ids, [`${kind}_weights`]: weights };
  for (const [name, values] of Object.entries(lists)) requireLength(call, name, values.length, targets.length);
  targets.forEach((target, i) => {
    const leaf = byId.get(`${trees[i]} ${ids[i]}`);
    if (!leaf) call.fail('ERR_EVAL_VALUE', `${kind}_nodeids`, 'ids of nodes', `${trees[i]} ${ids[i]}`);
    leaf.votes.push({ target, weight: weights[i]! });
  });
}
