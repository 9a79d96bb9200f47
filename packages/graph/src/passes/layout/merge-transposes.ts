import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';

/**
 * A Transpose of a Transpose reads what that one reads, with both permutations in one; where they cancel it is a no-op then. What lay
 * between is dead unless something else reads it.
 */
export const mergeTransposes = definePass({
  name: 'merge-transposes',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const { graph } of context.scopes()) {
      for (const node of graph.nodes()) while (merge(node, context)) changes++;
    }
    return { changes };
  },
});

function merge(node: Node, { types }: PassContext): boolean {
  const first = node.input(0)?.producer;
  if (!first || !isPlain(node) || !isPlain(first)) return false;
  // The order of a captured value's node is another scope's: the value it reads is seen from here as well.
  const source = first.input(0);
  const [inner, outer] = [first, node].map((item) => item.ints('perm', undefined));
  const rank = (inner ?? outer)?.length ?? (source && types.shapeOf(source)?.length);
  if (!source || rank === undefined) return false;
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const [a, b] = [inner ?? reversed, outer ?? reversed];
  if (a.length !== b.length || ![...a, ...b].every((axis) => axis >= 0 && axis < rank)) return false;
  node.graph.setInput(node, 0, source);
  node.graph.setAttribute(node, 'perm', attribute.ints(b.map((axis) => a[axis]!)));
  return true;
}

const isPlain = (node: Node): boolean => node.isStandard('Transpose') && !isParametric(node);
