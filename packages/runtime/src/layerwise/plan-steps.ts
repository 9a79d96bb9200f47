import type { Node, Value } from '@gossamer/graph';
import { type DynamicValues, outputsOf } from './graph-reads.js';
import { type Unit, unitInputs } from './order-units.js';

/** What is run before one step, and what is kept for how long. */
export interface PlannedStep {
  /** The layers of the step and what lies between them, in graph order. */
  readonly unit: Unit;
  /** What the unit reads: computed and kept when the step begins. */
  readonly inputs: readonly Value[];
  /** What the unit makes for others, or as outputs of the model. */
  readonly outputs: readonly Value[];
  /** Nodes that run before the step, in graph order: those whose results it needs and that did not run yet. */
  readonly segment: readonly Node[];
  /** Kept values that the segment reads. */
  readonly reads: readonly Value[];
  /** Values that the segment has to make and keep. */
  readonly makes: readonly Value[];
  /** Kept values that nothing needs once the segment has run. */
  readonly passed: readonly Value[];
  /** Kept values that nothing needs once the step is over. */
  readonly finished: readonly Value[];
  /** Nodes that do not run again. */
  readonly ran: readonly Node[];
}

/**
 * Shares the nodes that the units (in an order that works) depend on out among the steps: each runs once, as late as can be, so that few
 * values are kept at a time. Units themselves run when a later step needs what they make. O(nodes) beside what runs more than once.
 */
export function planSteps(units: readonly Unit[], dynamic: DynamicValues): PlannedStep[] {
  const position = new Map<Node, number>();
  for (const node of units[0]?.[0]?.graph.nodes() ?? []) position.set(node, position.size);
  const done = new Set<Node>();
  const lastRead = new Map<Value, number>();
  const lastRun = new Map<Node, number>();
  const drafts = units.map((unit, step) => {
    const inputs = unitInputs(unit, dynamic);
    const { nodes, reads } = reach(inputs, done, dynamic);
    for (const value of [...reads, ...inputs]) lastRead.set(value, step);
    for (const node of nodes) {
      lastRun.set(node, step);
      if (!dynamic.isPassing(node)) done.add(node);
    }
    const segment = nodes.toSorted((a, b) => position.get(a)! - position.get(b)!);
    return { unit, inputs, segment, reads, outputs: unitOutputs(unit) };
  });
  const overs = drafts.map((): Value[] => []);
  for (const [value, last] of lastRead) overs[last]!.push(value);
  return drafts.map((draft, step) => {
    const needed = new Set(draft.inputs);
    const made = draft.segment.filter((node) => !dynamic.isPassing(node)).flatMap(outputsOf);
    const over = overs[step]!;
    return {
      ...draft,
      makes: made.filter((value) => needed.has(value) || (lastRead.get(value) ?? -1) > step),
      passed: over.filter((value) => !needed.has(value)),
      finished: over.filter((value) => needed.has(value)),
      ran: draft.segment.filter((node) => lastRun.get(node) === step),
    };
  });
}

/** Nodes that `wanted` depends on and that are not done, and the kept values that those read. */
function reach(
  wanted: readonly Value[],
  done: ReadonlySet<Node>,
  dynamic: DynamicValues,
): { nodes: Node[]; reads: Value[] } {
  const nodes = new Set<Node>();
  const reads = new Set<Value>();
  const open = wanted.flatMap(({ producer }) => (producer && !done.has(producer) ? producer : []));
  for (let node = open.pop(); node; node = open.pop()) {
    if (nodes.has(node)) continue;
    nodes.add(node);
    for (const value of dynamic.dynamicReads(node)) {
      if (value.producer && !done.has(value.producer)) open.push(value.producer);
      else reads.add(value);
    }
  }
  return { nodes: [...nodes], reads: [...reads] };
}

function unitOutputs(unit: Unit): Value[] {
  const inside = new Set(unit);
  return unit
    .flatMap(outputsOf)
    .filter((value) => value.isOutput || value.uses.some(({ node }) => !inside.has(outermost(node))));
}

/** The node of the main graph that `node` is, or in whose bodies it lies. */
export function outermost(node: Node): Node {
  let found = node;
  while (found.graph.owner) found = found.graph.owner.node;
  return found;
}
