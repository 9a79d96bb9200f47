import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { isMatrixProduct } from './as-gemm.js';
import { definePass } from '../pass.js';
import type { PassContext } from '../pass-context.js';
import { isOnlyReader, takeOver } from '../take-over.js';

/**
 * Turns a MatMul of two matrices and the Add of a constant bias [N] or [1, N] into one Gemm, which keeps the MatMul's name. Only where
 * inference proves that both operands have rank 2, and nothing else reads the product.
 *
 * Bound, to first order in u (2^-24 for float32), K the inner dimension: the product errs by K·u·Σ|a·b| and the sum by u·|y|; a Gemm that
 * starts from the bias rounds it K times too, (K+1)·u·(Σ|a·b| + |bias|). Together |fused - original| <= (2K+2)·u·(Σ|a·b| + |bias|).
 */
export const fuseMatMulAdd = definePass({
  name: 'fuse-matmul-add',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      if (opset < 7) continue;
      for (const node of graph.nodes()) if (node.isStandard('Add') && fuse(node, context)) changes++;
    }
    return { changes };
  },
});

function fuse(add: Node, context: PassContext): boolean {
  for (const side of [0, 1]) {
    const product = add.input(side)?.producer;
    const bias = add.input(1 - side);
    if (!bias || !product?.isStandard('MatMul') || !isOnlyReader(add, product)) continue;
    if (!isMatrixProduct(product, context) || !isBias(bias, product, context)) continue;
    const { graph } = add;
    // A bias in a Constant node may stand after the product.
    graph.move(product, { before: add });
    graph.retarget(product, { op: 'Gemm' });
    graph.setInput(product, 2, bias);
    takeOver(product, add);
    return true;
  }
  return false;
}

function isBias(bias: Value, product: Node, { types }: PassContext): boolean {
  const dims = bias.constant?.dims;
  const columns = types.shapeOf(product.input(1)!)?.[1];
  if (!dims || typeof columns !== 'number' || dims.at(-1) !== columns) return false;
  return dims.length === 1 || (dims.length === 2 && dims[0] === 1);
}
