import { defineGradient } from './gradient-rule.js';

/** Softmax and its logarithm, by their results (functions/softmax-grad.ts). */
export const softmaxGradient = defineGradient({
  op: ['Softmax', 'LogSoftmax'],
  gradient({ g, node, y, dy }) {
    const axis = node.int('axis', -1);
    return g.call(`${node.op}Grad`, [dy, y], { axis: axis < 0 ? axis + g.rank(y) : axis });
  },
});
