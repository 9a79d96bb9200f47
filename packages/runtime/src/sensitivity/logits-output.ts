import type { Model, Value } from '@gossamer/graph';
import { inferTypes } from '@gossamer/graph';

/** What may lie between a product and the logits it makes. */
const PASSED: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'DequantizeLinear'],
]);
const PRODUCTS: ReadonlySet<string> = new Set([
  'MatMul',
  'Gemm',
  'FusedMatMul',
  'FusedGemm',
  'MatMulNBits',
  'MatMulBnb4',
]);

/** Classes that a decision is made between, at least. */
const LEAST_CLASSES = 2;

/**
 * The output that holds logits: the first that a product with weights makes, with at most additions, scales and changes of shape behind it, and
 * whose last axis has two classes or more. Undefined where there is none: probabilities, boxes, embeddings behind a norm.
 */
export function logitsOutput(model: Model): string | undefined {
  const types = inferTypes(model);
  const isWide = (value: Value) => {
    const shape = types.shapeOf(value);
    const classes = shape?.at(-1);
    return shape !== undefined && shape.length >= 2 && typeof classes === 'number' && classes >= LEAST_CLASSES;
  };
  return model.graph.outputs.find((value) => isWide(value) && isMadeByProduct(value))?.name;
}

function isMadeByProduct(value: Value): boolean {
  const node = value.producer;
  if (!node) return false;
  if (PRODUCTS.has(node.op)) return true;
  return PASSED.has(node.op) && node.inputs.some((input) => input !== undefined && isMadeByProduct(input));
}
