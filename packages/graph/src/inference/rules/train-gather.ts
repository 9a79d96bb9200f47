import { normaliseAxis } from '../arguments.js';
import { defineRule } from '../rule.js';

/** dx: dy with the axes of the indices, which begin at `axis`, replaced by one of `size`. */
export const trainGatherRule = defineRule({
  op: 'GatherGrad',
  domain: 'gossamer.train',
  infer(node, context) {
    const [dy, indices] = [context.shapeOf(0), context.shapeOf(1)];
    if (!dy || !indices) return context.setTensor(0, context.dtypeOf(0), undefined);
    const rank = dy.length - indices.length + 1;
    if (rank < 1) throw context.error('dy', `rank >= ${indices.length}`, dy);
    const axis = normaliseAxis(context, node.int('axis', 0), rank);
    const shape = [...dy.slice(0, axis), node.int('size', undefined), ...dy.slice(axis + indices.length)];
    context.setTensor(0, context.dtypeOf(0), shape);
  },
});
