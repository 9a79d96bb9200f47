import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { bypass } from '../bypass.js';
import { reducedAxes, setReducedAxes } from './layout-remap.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';
import { permOf, TransposedRegion } from './transposed-region.js';

/**
 * Lets elementwise operators (with constants per channel), Concat, Split, Pad, Softmax and reductions work on their operands as they were
 * before a Transpose, where that leaves fewer Transposes: those before and behind the region cancel or become one. What exporters of
 * channels-last networks write around every Conv goes away so.
 *
 * Bound: everything but sums is bitwise the same. A reduction, or the sum in a Softmax, may add its N elements in another order:
 * 2·(N-1)·u·Σ|x|, u the unit roundoff.
 */
export const pushTransposes = definePass({
  name: 'push-transposes',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) if (permOf(node) && push(node, scope, context)) changes++;
    }
    return { changes };
  },
});

function push(transpose: Node, scope: PassScope, context: PassContext): boolean {
  for (const isWide of [true, false]) {
    const region = TransposedRegion.from(transpose, scope, context, isWide);
    if (region.gain <= 0) continue;
    rewrite(region, scope);
    return true;
  }
  return false;
}

function rewrite(region: TransposedRegion, scope: PassScope): void {
  const { graph } = scope;
  const nodes = [...graph.nodes()].filter((node) => region.nodes.has(node));
  const results = new Set(nodes.flatMap((node) => node.outputs));
  const turnedIn = new Set<Node>();
  const turnedBack = new Map<Value, Value>();
  const inverse = region.perm.map((_, axis) => region.perm.indexOf(axis));
  const before = (value: Value, node: Node): Value => {
    if (region.isTurned(value)) {
      turnedIn.add(value.producer!);
      return value.producer!.input(0)!;
    }
    const made = turnedBack.get(value) ?? transposeBefore(value, inverse, node);
    turnedBack.set(value, made);
    return made;
  };
  for (const node of nodes) {
    const { slots, apply } = region.nodes.get(node)!;
    apply(region.perm);
    for (const slot of slots) {
      const value = node.input(slot)!;
      if (!results.has(value)) graph.setInput(node, slot, before(value, node));
    }
  }
  for (const transpose of turnedIn) {
    moveReductions(transpose.output, transpose.input(0)!, region, scope);
    if (transpose.output.uses.length === 0 && !transpose.output.isOutput) graph.remove(transpose);
  }
  for (const node of nodes) for (const value of node.outputs) if (value) release(node, value, region, scope);
}

const transposeBefore = (value: Value, perm: readonly number[], node: Node): Value =>
  node.graph.add(
    { op: 'Transpose', inputs: [value], outputs: [`${value.name}_turned`], attributes: { perm: attribute.ints(perm) } },
    { before: node },
  ).output;

/** `value` is made in the other order from now on; what cannot read it so gets it transposed. */
function release(node: Node, value: Value, region: TransposedRegion, scope: PassScope): void {
  const { graph } = scope;
  // Asked before the producer changes: a Transpose counts where the region makes what it reads.
  const readers = value.uses.map((use) => ({ use, reader: region.readerOf(use.node, value) }));
  const turned = graph.detachOutput(value, value.name);
  const cancelled: Node[] = [];
  for (const { use, reader } of readers) {
    if (reader === 'region') graph.setInput(use.node, use.index, turned);
    if (reader !== 'transpose') continue;
    const perm = permOf(use.node)!.map((axis) => region.perm[axis]!);
    graph.setInput(use.node, 0, turned);
    graph.setAttribute(use.node, 'perm', attribute.ints(perm));
    if (perm.every((axis, index) => axis === index)) cancelled.push(use.node);
  }
  moveReductions(value, turned, region, scope);
  if (value.uses.length > 0 || value.isOutput) {
    const attributes = { perm: attribute.ints(region.perm) };
    graph.add({ op: 'Transpose', inputs: [turned], outputs: [value], attributes }, { after: node });
  } else graph.removeValue(value);
  for (const transpose of cancelled) bypass(transpose);
}

/** Reductions that drop their axes read `turned`, where the other axes keep their order. */
function moveReductions(value: Value, turned: Value, region: TransposedRegion, scope: PassScope): void {
  for (const { node } of [...value.uses]) {
    if (region.readerOf(node, value) !== 'reduction' || node.input(0) !== value) continue;
    const axes = reducedAxes(node, region.perm.length)!;
    scope.graph.setInput(node, 0, turned);
    setReducedAxes(
      node,
      axes.map((axis) => region.perm[axis]!),
      scope,
    );
  }
}
