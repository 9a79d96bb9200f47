import { tfjsError } from '../error-codes.js';
import type { NodeDef, OutputRef } from './node-def.js';

/** The nodes that `outputs` need, operands first. Throws ERR_TFJS_MODEL for a reference to nothing. In a cycle
 * (loops of control flow have one) some node comes before an operand. */
export function neededNodes(nodes: ReadonlyMap<string, NodeDef>, outputs: readonly OutputRef[]): NodeDef[] {
  const find = (name: string): NodeDef => {
    const node = nodes.get(name);
    if (node) return node;
    throw tfjsError(
      'ERR_TFJS_MODEL',
      `node ${JSON.stringify(name.slice(0, 80))}: expected it in the graph, received none`,
    );
  };
  const order: NodeDef[] = [];
  const state = new Map<NodeDef, 'open' | 'done'>();
  const stack = outputs.map(({ node }) => find(node)).reverse();
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    if (state.get(node) === undefined) {
      state.set(node, 'open');
      stack.push(...node.inputs.map((ref) => find(ref.node)).filter((operand) => state.get(operand) === undefined));
      continue;
    }
    stack.pop();
    if (state.get(node) === 'open') {
      state.set(node, 'done');
      order.push(node);
    }
  }
  return order;
}
