import type { Node } from '../../ir/node.js';

/**
 * True for a Transpose that moves the first axis behind the others (perm 1, ..., r-2, 0, r-1 or 1, ..., r-1, 0) for a MatMul to read.
 * ONNX Runtime 1.30 fuses the two, and in float16, where it has no such kernel, ends the process instead of opening the model. Recurrent
 * layers are exported so, batch first.
 */
export function isBatchTranspose(node: Node): boolean {
  if (!node.isStandard('Transpose')) return false;
  const perm = node.ints('perm', []);
  const last = perm.length - 1;
  const order = perm.filter((axis) => axis !== 0);
  const isMoved = last >= 2 && (perm[last] === 0 || (perm[last - 1] === 0 && perm[last] === last));
  if (!isMoved || order.some((axis, index) => axis !== index + 1)) return false;
  return node.output.uses.some((use) => use.node.isStandard('MatMul'));
}
