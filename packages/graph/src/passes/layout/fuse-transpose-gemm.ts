import { attribute } from '../../ir/attribute.js';
import type { Node } from '../../ir/node.js';
import { isMatrixProduct } from '../linear/as-gemm.js';
import { isParametric } from '../determinism.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';

/**
 * A Gemm reads past the Transpose of an operand, with transA or transB the other way round; a MatMul of two matrices becomes such a Gemm.
 * Constants stay: they fold, or are a weight that others read as it is. What lay between is dead unless something else reads it.
 *
 * Bound, u the unit roundoff, K the inner dimension: the same products, added in another order: 2K·u·Σ|a·b|.
 */
export const fuseTransposeGemm = definePass({
  name: 'fuse-transpose-gemm',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      // Before opset 11 a Gemm has a bias.
      if (opset < 11) continue;
      for (const node of graph.nodes()) {
        if (!isProduct(node, context)) continue;
        // One operand after the other: once it is a Gemm it stays one.
        for (const slot of [0, 1]) if (readPast(node, slot, context)) changes++;
      }
    }
    return { changes };
  },
});

function isProduct(node: Node, context: PassContext): boolean {
  if (isParametric(node)) return false;
  return node.isStandard('Gemm') || (node.isStandard('MatMul') && isMatrixProduct(node, context));
}

function readPast(node: Node, slot: number, { types }: PassContext): boolean {
  const value = node.input(slot);
  const transpose = value?.producer;
  const source = transpose?.input(0);
  if (!transpose?.isStandard('Transpose') || isParametric(transpose) || !source || source.constant) return false;
  const perm = transpose.ints('perm', undefined);
  if (types.shapeOf(source)?.length !== 2 || (perm && perm.join() !== '1,0')) return false;
  const name = slot === 0 ? 'transA' : 'transB';
  const { graph } = node;
  const isTurned = node.int(name, 0) !== 0;
  if (node.op === 'MatMul') graph.retarget(node, { op: 'Gemm' });
  graph.setInput(node, slot, source);
  graph.setAttribute(node, name, isTurned ? undefined : attribute.int(1));
  return true;
}
