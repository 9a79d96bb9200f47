import { GossamerError } from '@gossamer/graph';
import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import type { TrainErrorCode } from '../error-codes.js';
import { defineGradient } from './gradient-rule.js';

/** Through y alone: the statistics of the batch are what running ones are made of, and nothing flows back through those. */
export const batchNormTrainGradient = defineGradient({
  op: 'BatchNormTrain',
  domain: TRAIN_DOMAIN,
  gradient(call) {
    const { g, node, inputs, outputs, grads, x, y } = call;
    if (grads.slice(1).some(Boolean)) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_NO_GRADIENT',
        `node ${node.id}: expected a loss that depends on its output 0 alone, received one that depends on its statistics`,
      );
    }
    const fused = ['activation', 'activation_alpha', 'activation_beta'].flatMap((name) => {
      const content = node.attributes.get(name)?.content;
      return content ? [[name, content] as const] : [];
    });
    const mask = node.string('activation', 'none') === 'none' ? [] : [y];
    return g.call(
      'BatchNormGrad',
      [call.dy, x, inputs[1], outputs[1], outputs[3], ...mask],
      Object.fromEntries(fused),
      3,
    );
  },
});
