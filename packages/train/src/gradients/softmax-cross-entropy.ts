import { attribute, GossamerError } from '@gossamer/graph';
import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import type { TrainErrorCode } from '../error-codes.js';
import { defineGradient } from './gradient-rule.js';

/** By the logits, from the loss and from the logarithms of the probabilities. Weights of positions are data: none flows there. */
export const softmaxCrossEntropyGradient = defineGradient({
  op: 'SoftmaxCrossEntropy',
  domain: TRAIN_DOMAIN,
  gradient({ g, node, inputs, outputs, grads, needs }) {
    if (needs(2)) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_NO_GRADIENT',
        `node ${node.id}: expected weights that are data, received ones that a gradient is wanted by`,
      );
    }
    const [logits, labels, weights] = inputs;
    const logProb = outputs[1] ?? g.op('LogSoftmax', [logits], { axis: 1 });
    const smoothing = { label_smoothing: attribute.float(node.float('label_smoothing', 0)) };
    const [dloss, dlog] = grads;
    const flows = [
      ...(dloss ? g.call('SoftmaxCrossEntropyGrad', [dloss, logProb, labels, weights], smoothing) : []),
      ...(dlog ? g.call('LogSoftmaxGrad', [dlog, logProb], { axis: 1 }) : []),
    ];
    return [flows.reduce((sum, flow) => g.add(sum, flow))];
  },
});
