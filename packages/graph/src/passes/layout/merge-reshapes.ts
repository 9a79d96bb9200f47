import type { Node } from '../../ir/node.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';

/** Operators that keep the elements in their order. */
const SHAPE_ONLY: ReadonlySet<string> = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);

/**
 * A Reshape to a constant shape reads past the Reshape, Flatten, Squeeze or Unsqueeze before it, and past a Transpose that moves axes of
 * size 1 alone: only the elements in their order count. Not where a 0 copies a dimension of what it reads. What lay between is dead unless something else reads it.
 */
export const mergeReshapes = definePass({
  name: 'merge-reshapes',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      // Before opset 5 the shape is an attribute.
      if (opset < 5) continue;
      for (const node of graph.nodes()) while (merge(node, context)) changes++;
    }
    return { changes };
  },
});

function merge(node: Node, context: PassContext): boolean {
  if (!node.isStandard('Reshape') || isParametric(node)) return false;
  const first = node.input(0)?.producer;
  const source = first?.input(0);
  if (!first || !source || first.domain !== '' || isParametric(first)) return false;
  if (!SHAPE_ONLY.has(first.op) && !keepsElements(first, context)) return false;
  const shape = node.input(1)?.constant;
  if (!shape || shape.dims.length !== 1 || shape.toIntegers().includes(0)) return false;
  node.graph.setInput(node, 0, source);
  return true;
}

/** True for a Transpose that leaves the axes of sizes other than 1 in their order. */
function keepsElements(node: Node, { types }: PassContext): boolean {
  const perm = node.isStandard('Transpose') ? node.ints('perm', undefined) : undefined;
  const shape = perm && types.shapeOf(node.input(0)!);
  const moved = shape?.length === perm?.length ? perm?.filter((axis) => shape![axis] !== 1) : undefined;
  return moved?.every((axis, index) => index === 0 || axis > moved[index - 1]!) === true;
}
