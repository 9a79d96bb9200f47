import type { Node, TypeTable, Value } from '@gossamer/graph';
import { weightedOperators } from '@gossamer/graph';

/** A part of a graph between two values of one shape: what reads `exit` could read `entry`. */
export interface Block {
  readonly entry: Value;
  readonly exit: Value;
  /** Operators and sizes of weights: equal for blocks that are alike. */
  readonly signature: string;
}

const WEIGHTED = new Set(weightedOperators());
/** What may follow the addition of a block, or the product of a layer, and belongs to it. */
const AFTER = new Set(
  [
    'Relu LeakyRelu PRelu Clip Sigmoid Tanh Gelu Elu Selu HardSwish Mish Softplus Dropout'.split(' '),
    'BatchNormalization LayerNormalization RMSNormalization InstanceNormalization'.split(' '),
  ].flat(),
);

/** Residual blocks, entry + branch(entry), in the graph's order; of nested ones the innermost. */
export function residualBlocks(nodes: readonly Node[], types: TypeTable): Block[] {
  const adds = nodes.flatMap((node) => {
    const found = node.isStandard('Add') ? residualOf(node, types) : undefined;
    return found ? [{ node, ...found }] : [];
  });
  const isAdd = new Set(adds.map(({ node }) => node));
  const innermost = adds.filter(({ branch }) => ![...branch].some((node) => isAdd.has(node)));
  const entries = new Set(innermost.map(({ entry }) => entry));
  return innermost.map(({ node, entry, branch }) => ({
    entry,
    exit: exitOf(node, entries, entry),
    signature: signatureOf(branch),
  }));
}

/** Layers from one value to another of its shape that follow each other without a branch. */
export function repeatedLayers(nodes: readonly Node[], types: TypeTable): Block[] {
  return nodes.flatMap((node) => {
    const entry = node.input(0);
    if (!isWeighted(node) || !entry || entry.constant || entry.uses.length > 1) return [];
    const path = [node];
    for (let next = onlyReader(node.output); next && isPartOfLayer(next); next = onlyReader(next.output))
      path.push(next);
    const exit = path.at(-1)!.output;
    return isSameShape(types, entry, exit) ? [{ entry, exit, signature: signatureOf(new Set(path)) }] : [];
  });
}

function residualOf(add: Node, types: TypeTable): { entry: Value; branch: ReadonlySet<Node> } | undefined {
  const [a, b] = [add.input(0), add.input(1)];
  if (!a || !b || a === b || a.constant || b.constant) return undefined;
  for (const [entry, result] of [
    [a, b],
    [b, a],
  ] as const) {
    if (!isSameShape(types, entry, result)) return undefined;
    const { nodes, reaches } = branchOf(entry, result);
    if (reaches && [...nodes].some(isWeighted)) return { entry, branch: nodes };
  }
  return undefined;
}

/** Nodes that `result` is computed by, back to `entry`. */
function branchOf(entry: Value, result: Value): { nodes: ReadonlySet<Node>; reaches: boolean } {
  const nodes = new Set<Node>();
  let reaches = false;
  const open = [result];
  for (let value = open.pop(); value; value = open.pop()) {
    if (value === entry) reaches = true;
    else if (value.producer && !nodes.has(value.producer)) {
      nodes.add(value.producer);
      for (const input of value.producer.inputs) if (input) open.push(input);
    }
  }
  return { nodes, reaches };
}

/** The value after the addition where the next block begins, or where the activation or normalization that follows it ends. */
function exitOf(add: Node, entries: ReadonlySet<Value>, entry: Value): Value {
  let exit = add.output;
  const before = entry.producer;
  for (let next = onlyReader(exit); !entries.has(exit) && next && AFTER.has(next.op); next = onlyReader(exit)) {
    // The last of a row: as the one before it ends.
    if (!entries.has(next.output) && next.op !== before?.op) break;
    exit = next.output;
  }
  return exit;
}

const isWeighted = (node: Node): boolean =>
  WEIGHTED.has(node.kind) && node.op !== 'Gather' && node.inputs.slice(1).some((value) => value?.constant);

const isPartOfLayer = (node: Node): boolean =>
  AFTER.has(node.op) || (node.isStandard('Add') && node.inputs.some((value) => value?.constant));

function onlyReader(value: Value): Node | undefined {
  return value.uses.length === 1 && !value.isOutput ? value.uses[0]!.node : undefined;
}

function isSameShape(types: TypeTable, a: Value, b: Value): boolean {
  const [x, y] = [types.shapeOf(a), types.shapeOf(b)];
  return x !== undefined && y !== undefined && x.length > 1 && x.map(String).join() === y.map(String).join();
}

const signatureOf = (nodes: ReadonlySet<Node>): string =>
  [...nodes]
    .map(({ kind, inputs }) => `${kind}${inputs.map((value) => value?.constant?.dims.join('x') ?? '').join()}`)
    .sort()
    .join(';');
