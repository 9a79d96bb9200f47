import type { Value } from '@gossamer/graph';
import { defineFunction } from './train-function.js';

/** dy, y -> dx = y (dy - sum(dy y)) along `axis`; y = softmax(x). */
export const softmaxGrad = defineFunction({
  name: 'SoftmaxGrad',
  body(g, node, inputs) {
    const [dy, y] = inputs as [Value, Value];
    return [g.mul(y, g.sub(dy, g.sum(g.mul(dy, y), [node.int('axis', -1)], 1)))];
  },
});

/** dy, y -> dx = dy - e^y sum(dy) along `axis`; y = log softmax(x). */
export const logSoftmaxGrad = defineFunction({
  name: 'LogSoftmaxGrad',
  body(g, node, inputs) {
    const [dy, y] = inputs as [Value, Value];
    return [g.sub(dy, g.mul(g.op('Exp', [y]), g.sum(dy, [node.int('axis', -1)], 1)))];
  },
});
