import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import { smoothingAttribute } from '../functions/softmax-cross-entropy.js';
import { defineGradient } from './gradient-rule.js';

/** By the logits alone; the log-probabilities are for the gradient, not for other losses. */
export const softmaxCrossEntropyGradient = defineGradient({
  op: 'SoftmaxCrossEntropy',
  domain: TRAIN_DOMAIN,
  gradient({ g, node, inputs, outputs, dy }) {
    const [, labels, weights] = inputs;
    return g.call(
      'SoftmaxCrossEntropyGrad',
      [dy, outputs[1], labels, weights],
      smoothingAttribute(node.float('label_smoothing', 0)),
    );
  },
});
