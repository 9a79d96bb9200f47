import type { Node } from '../../ir/node.js';
import { bypass } from '../bypass.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';

/**
 * Readers of a Squeeze of an Unsqueeze (or the other way round) along the same axes read what the first one reads. What lay between is
 * dead unless something else reads it.
 */
export const eliminateUnsqueezes = definePass({
  name: 'eliminate-unsqueezes',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const { graph } of context.scopes()) {
      for (const node of graph.nodes()) if (cancels(node, context)) changes++;
    }
    return { changes };
  },
});

const INVERSE: Readonly<Record<string, string>> = { Squeeze: 'Unsqueeze', Unsqueeze: 'Squeeze' };

function cancels(node: Node, { types }: PassContext): boolean {
  const inverse = node.domain === '' ? INVERSE[node.op] : undefined;
  const first = node.input(0)?.producer;
  if (!inverse || !first?.isStandard(inverse) || first.graph !== node.graph) return false;
  const source = first.input(0);
  const whole = (node.op === 'Squeeze' ? first : node).output;
  // Axes of both count in the tensor that has them all.
  const rank = node.op === 'Squeeze' ? types.shapeOf(whole)?.length : source && types.shapeOf(source)?.length;
  const [a, b] = [first, node].map((item) => axesOf(item, rank));
  if (!source || a === undefined || a !== b) return false;
  node.graph.setInput(node, 0, source);
  return bypass(node) || undo(node, first);
}

function undo(node: Node, first: Node): false {
  node.graph.setInput(node, 0, first.output);
  return false;
}

/** The axes, sorted, as text; negative ones only where the rank says which they are. */
function axesOf(node: Node, rank: number | undefined): string | undefined {
  if (isParametric(node)) return undefined;
  const axes = node.ints('axes', undefined) ?? node.input(1)?.constant?.toIntegers();
  if (!axes || axes.length === 0) return undefined;
  const positive = axes.map((axis) => (axis < 0 && rank !== undefined ? axis + rank : axis));
  return positive.every((axis) => axis < 0) || positive.every((axis) => axis >= 0)
    ? [...positive].sort((a, b) => a - b).join()
    : undefined;
}
