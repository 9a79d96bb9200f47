import type { Node } from '../../ir/node.js';
import { bypass } from '../bypass.js';
import { definePass } from '../pass.js';

/** Removes Dropout nodes in inference mode, where they return their input. One whose mask is read, or that trains, stays. */
export const eliminateDropout = definePass({
  name: 'eliminate-dropout',
  exactness: 'exact',

  run(_model, context) {
    let changes = 0;
    for (const { graph, opset } of context.scopes()) {
      for (const node of graph.nodes()) {
        if (node.isStandard('Dropout') && isInference(node, opset) && bypass(node)) changes++;
      }
    }
    return { changes };
  },
});

/** Until opset 6 an attribute says so (default: it trains), from 7 to 11 there is no training, from 12 an input says so. */
function isInference(node: Node, opset: number): boolean {
  if (opset < 7) return node.attributes.get('is_test')?.content.type === 'int' && node.int('is_test', 0) === 1;
  const trains = opset >= 12 ? node.input(2) : undefined;
  return !trains || trains.constant?.toIntegers().every((value) => value === 0) === true;
}
