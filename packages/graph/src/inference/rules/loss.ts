import type { Node } from '../../ir/node.js';
import { defineRule, type InferenceContext } from '../rule.js';

/** A scalar, or with reduction none one loss a label: the shape of the labels. */
function inferLoss(node: Node, context: InferenceContext): void {
  const each = node.string('reduction', 'mean') === 'none';
  context.setTensor(0, context.dtypeOf(0), each ? context.shapeOf(1) : []);
}

export const lossRules = [
  defineRule({ op: 'NegativeLogLikelihoodLoss', infer: inferLoss }),
  defineRule({
    op: 'SoftmaxCrossEntropyLoss',
    infer(node, context) {
      inferLoss(node, context);
      context.set(1, context.typeOf(0));
    },
  }),
];
