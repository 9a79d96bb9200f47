import { attribute, type Node } from '@gossamer/graph';
import { type Compilation, GOSSAMER } from '../compilation.js';
import { replaceNode } from '../edit/node-edits.js';

/** MatMul by one matrix that comes at run time (a weight in training) becomes Linear, which takes up what follows it. */
export function runtimeLinear(compilation: Compilation): void {
  if (!compilation.has('Linear')) return;
  for (const node of compilation.graph.nodes()) {
    if (!isPlainProduct(node)) continue;
    const [x, w] = [node.input(0)!, node.input(1)!];
    if (w.constant || compilation.rankOf(w) !== 2 || (compilation.rankOf(x) ?? 0) < 2) continue;
    if (compilation.dtypeOf(node.output) !== 'float32') continue;
    const attributes = { trans_b: attribute.int(node.int('trans_b', 0)) };
    replaceNode(compilation, node, { op: 'Linear', inputs: [x, w], attributes });
  }
}

/** x * w or x * wᵀ: x as it is, no factor. */
function isPlainProduct(node: Node): boolean {
  if (node.isStandard('MatMul')) return true;
  return (
    node.domain === GOSSAMER && node.op === 'MatMul' && node.int('trans_a', 0) === 0 && node.float('alpha', 1) === 1
  );
}
