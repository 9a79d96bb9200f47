import { equalDims, inferTypes, type Model, type Node, type TypeTable, type Value } from '@gossamer/graph';

/** A branch that an Add joins to what it started from: y = x + f(x). Without it y is x. */
export interface ResidualBlock {
  /** Id of the Add. */
  readonly id: string;
  readonly add: Node;
  readonly input: Value;
  readonly output: Value;
  /** What lies between, in graph order. */
  readonly nodes: readonly Node[];
}

/**
 * The blocks of the main graph that can be bypassed: input and output have one dtype and one known shape, and nothing outside reads what is made
 * within. A projection on the shortcut makes input and output different things: such blocks are none.
 */
export function residualBlocks(model: Model, types: TypeTable = inferTypes(model)): ResidualBlock[] {
  const blocks: ResidualBlock[] = [];
  for (const add of model.graph.nodes()) {
    const [a, b] = add.inputs;
    if (!add.isStandard('Add') || !a || !b || a === b) continue;
    for (const [input, branch] of [
      [a, b],
      [b, a],
    ] as const) {
      const nodes = isAlike(input, add.output, types) ? bodyBetween(input, branch, add) : undefined;
      if (nodes) blocks.push({ id: add.id, add, input, output: add.output, nodes });
    }
  }
  return blocks;
}

function isAlike(a: Value, b: Value, types: TypeTable): boolean {
  const [x, y] = [types.shapeOf(a), types.shapeOf(b)];
  if (a.constant || !x || !y || x.length !== y.length || types.dtypeOf(a) !== types.dtypeOf(b)) return false;
  return x.every((dim, axis) => equalDims(dim, y[axis]));
}

/** Nodes that read `input`, directly or not, and that `branch` is made of; undefined when there are none, or something else reads them. */
function bodyBetween(input: Value, branch: Value, add: Node): Node[] | undefined {
  if (branch.graph !== add.graph || input.graph !== add.graph) return undefined;
  const behind = new Set<Node>();
  const open: Value[] = [branch];
  for (let value = open.pop(); value; value = open.pop()) {
    const { producer } = value;
    if (value === input || !producer || behind.has(producer)) continue;
    behind.add(producer);
    for (const read of producer.inputs) if (read) open.push(read);
  }
  const within = new Set<Node>();
  const reached = new Set<Value>([input]);
  for (const node of add.graph.nodes()) {
    if (!behind.has(node) || !node.inputs.some((value) => value && reached.has(value))) continue;
    within.add(node);
    for (const value of node.outputs) if (value) reached.add(value);
  }
  if (!reached.has(branch) || branch === input) return undefined;
  const isClosed = [...within].every((node) =>
    node.outputs.every(
      (value) => !value || (!value.isOutput && value.uses.every((use) => within.has(use.node) || use.node === add)),
    ),
  );
  return isClosed ? [...within] : undefined;
}
