import { copyNodes, inferTypes, type Graph, type Model, type Node, type Tensor, type Value } from '@gossamer/graph';
import type { DataSource } from '../data/data-source.js';
import { Session } from '../session/session.js';
import { outermost } from './plan-steps.js';
import { type RecordOptions, sampleRuns } from './record-samples.js';
import { partOf } from './segment.js';
import { pairNodes } from './working-weights.js';

/** A model whose layers all lie in its main graph, as far as they can. */
export interface FlatModel {
  readonly model: Model;
  /** The node of the main graph that a node of the given model became, or why it is none. */
  place(node: Node): Node | string;
}

/**
 * Puts the branches of If that hold `layers` into the main graph, of a copy, where all samples take the same one. The model itself where
 * there are none. What decides runs once over the data.
 */
export async function takeBranches(
  model: Model,
  layers: readonly Node[],
  data: DataSource,
  options: RecordOptions,
): Promise<FlatModel> {
  const place = (node: Node) => (node.graph === model.graph ? node : whereItLies(node));
  if (!layers.some((node) => enclosingIf(node))) return { model, place };
  const copy = model.clone();
  const twins = pairNodes(model, copy);
  const refused = new Map<Node, string>();
  const left = (): Node | undefined => {
    const open = layers.map((node) => twins.get(node)!).filter((node) => !refused.has(node));
    return open.map(enclosingIf).find((found) => found && !refused.has(found));
  };
  for (let node = left(); node; node = left()) {
    const taken = await branchTaken(model, copy, node, data, options);
    if (taken === undefined) refused.set(node, `the samples take both branches of If ${node.id}`);
    else {
      const moved = inline(node, node.subgraph(taken ? 'then_branch' : 'else_branch')!);
      for (const [from, to] of twins) if (moved.has(to)) twins.set(from, moved.get(to)!);
      const others = nodesBelow(node).filter((inner) => !moved.has(inner));
      for (const inner of others) refused.set(inner, `no sample takes its branch of If ${node.id}`);
    }
  }
  return {
    model: copy,
    place(node) {
      const twin = twins.get(node)!;
      if (refused.has(twin)) return refused.get(twin)!;
      if (twin.graph === copy.graph) return twin;
      return refused.get(outermost(twin)) ?? whereItLies(twin);
    },
  };
}

/** The If of the main graph in whose branch `node` lies, bodies of other operators not between. */
function enclosingIf(node: Node): Node | undefined {
  let found = node;
  for (; found.graph.owner; found = found.graph.owner.node)
    if (!found.graph.owner.node.isStandard('If')) return undefined;
  return found === node || found.graph.owner ? undefined : found;
}

function whereItLies(node: Node): string {
  const { owner } = node.graph;
  return owner ? `it lies in a body of ${owner.node.kind} ${owner.node.id}` : 'it lies in the body of a function';
}

const nodesBelow = (node: Node): Node[] =>
  node.subgraphs().flatMap((graph) => [...graph.scopes()].flatMap((scope) => [...scope.nodes()]));

/** The condition of an If of the main graph; undefined where it differs from sample to sample. */
async function branchTaken(
  model: Model,
  copy: Model,
  node: Node,
  data: DataSource,
  options: RecordOptions,
): Promise<boolean | undefined> {
  const condition = node.input(0)!;
  const constant = condition.constant;
  if (constant) return constant.item() !== 0;
  if (condition.isInput) return agreed(model, data, options, async (feeds) => feeds[condition.name]!);
  const types = inferTypes(copy);
  const part = partOf(
    copy,
    [condition.name],
    () => false,
    (value) => types.typeOf(value) ?? value.type,
  );
  const { threads } = options;
  const session = await Session.open(part, { state: [], ...(threads === undefined ? {} : { threads }) });
  try {
    return await agreed(model, data, options, async (feeds) => {
      const own = session.inputs.map(({ name }) => [name, feeds[name]!] as const);
      return (await session.run(Object.fromEntries(own)))[condition.name]!;
    });
  } finally {
    await session.dispose();
  }
}

async function agreed(
  model: Model,
  data: DataSource,
  options: RecordOptions,
  conditionOf: (feeds: Readonly<Record<string, Tensor>>) => Promise<Tensor>,
): Promise<boolean | undefined> {
  let found: boolean | undefined;
  for await (const { feeds } of sampleRuns(model, data, options)) {
    const isTaken = (await conditionOf(feeds)).item() !== 0;
    if (found !== undefined && found !== isTaken) return undefined;
    found = isTaken;
  }
  return found;
}

/** Puts the nodes of one branch in the place of the If; the values that it made keep their names. Returns what became of the branch's nodes. */
function inline(node: Node, branch: Graph): Map<Node, Node> {
  const { graph } = node;
  const copies = new Map<Value, Value>();
  for (const value of branch.values()) {
    const copy = graph.declare(graph.uniqueName(value.name), value.type);
    const data = value.initializer ?? value.sparse;
    if (data) graph.setInitializer(copy, data);
    copies.set(value, copy);
  }
  copyNodes(branch, graph, copies);
  const moved = new Map<Node, Node>();
  for (const scope of branch.scopes()) {
    for (const inner of scope.nodes()) {
      const made = inner.outputs.find((value) => value);
      const twin = made && copies.get(made)?.producer;
      if (twin) moved.set(inner, twin);
      if (twin?.graph === graph) graph.move(twin, { before: node });
    }
  }
  node.outputs.forEach((value, i) => {
    if (!value) return;
    const result = branch.outputs[i]!;
    graph.detachOutput(value, value.name);
    graph.add({ op: 'Identity', inputs: [copies.get(result) ?? result], outputs: [value] }, { before: node });
  });
  graph.remove(node);
  return moved;
}
