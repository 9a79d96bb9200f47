import type { Dim } from '../../ir/dim.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';

/**
 * Gives Reshape a constant shape where all but one of its dimensions are known numbers > 0: the other becomes -1, since the number of
 * elements decides it. What computed the shape (Shape, Gather, Concat, ...) is dead then.
 */
export const foldReshapeShapes = definePass({
  name: 'fold-reshape-shapes',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) {
        const shape = node.input(1);
        if (!node.isStandard('Reshape') || !shape || shape.constant || isParametric(node)) continue;
        const target = targetOf(node, context.types.dataOf(shape));
        if (!target) continue;
        const tensor = Tensor.fromNumbers('int64', [target.length], target);
        scope.graph.setInput(node, 1, scope.addConstant(`${shape.name}_folded`, tensor, { before: node }));
        changes++;
      }
    }
    return { changes };
  },
});

/** With every other dimension > 0 the element count leaves one choice, whether the open one was a number, 0 (copied) or -1. */
function targetOf(node: Node, shape: readonly Dim[] | undefined): number[] | undefined {
  if (!shape || node.int('allowzero', 0) !== 0) return undefined;
  const target = shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : -1));
  const isKnown = shape.every(
    (dim) => typeof dim !== 'number' || (dim > 0 && dim < Number.MAX_SAFE_INTEGER) || dim === -1,
  );
  return isKnown && target.filter((dim) => dim === -1).length <= 1 ? target : undefined;
}
