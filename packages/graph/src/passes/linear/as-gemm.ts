import type { Node } from '../../ir/node.js';
import type { PassContext } from '../pass-context.js';

/** What Gemm takes in every opset from 7 on. */
const GEMM_TYPES: ReadonlySet<string> = new Set(['float16', 'float32', 'float64']);

/** True for a product of which inference proves that both operands have rank 2 and a type that Gemm takes. */
export function isMatrixProduct(product: Node, { types }: PassContext): boolean {
  return product.inputs.every((value) => {
    const dtype = value && types.dtypeOf(value);
    return dtype !== undefined && GEMM_TYPES.has(dtype) && types.shapeOf(value!)?.length === 2;
  });
}

/** Does `edit` to `layer`, which is a Gemm from then on if it was a MatMul of two matrices; and is what it was if `edit` says false. */
export function asGemm(layer: Node, context: PassContext, edit: () => boolean): boolean {
  const isProduct = layer.isStandard('MatMul') && isMatrixProduct(layer, context);
  if (isProduct) layer.graph.retarget(layer, { op: 'Gemm' });
  const isDone = edit();
  if (isProduct && !isDone) layer.graph.retarget(layer, { op: 'MatMul' });
  return isDone;
}
