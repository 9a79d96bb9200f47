import { tfjsError } from '../error-codes.js';
import type { NodeDef, OutputRef } from './node-def.js';

/** The nodes that `outputs` need, operands first. Throws ERR_TFJS_MODEL for a reference to nothing; a loop's back edge is cut. */
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
      for (const { node: name } of node.inputs) {
        const operand = find(name);
        const operandState = state.get(operand);
        if (operandState === undefined) stack.push(operand);
        else if (operandState === 'open' && operand.op !== 'NextIteration' && node.op !== 'Merge') {
          throw tfjsError('ERR_TFJS_MODEL', `node ${operand.name.slice(0, 80)}: expected no cycle, received one`);
        }
      }
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
