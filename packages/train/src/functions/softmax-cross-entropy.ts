import type { Value } from '@gossamer/graph';
import { atLabels, labelMask, totalWeight } from '../emit/label-mask.js';
import { defineFunction } from './train-function.js';

/**
 * logits [N, C, d...], labels int64 [N, d...], weights [N, d...] -> loss [], log_prob [N, C, d...]. With s = label_smoothing, the loss of a position
 * is (1 - s) * -log p[label] + s * mean over classes of -log p; `loss` is their weighted mean, 0 where all weights are 0.
 * Labels lie in [0, C). Source of the smoothing: Szegedy et al. 2016, Rethinking the Inception Architecture (arXiv:1512.00567), section 7.
 */
export const softmaxCrossEntropy = defineFunction({
  name: 'SoftmaxCrossEntropy',
  body(g, node, inputs) {
    const [logits, labels, weights] = inputs as [Value, Value, Value];
    const smoothing = node.float('label_smoothing', 0);
    const logProb = g.op('LogSoftmax', [logits], { axis: 1 });
    const picked = atLabels(g, logProb, labelMask(g, labels, g.shape(logits)[1]!));
    const mixed =
      smoothing === 0 ? picked : g.add(g.scale(picked, 1 - smoothing), g.scale(g.mean(logProb, [1]), smoothing));
    const axes = g.shape(weights).map((_, axis) => axis);
    return [g.neg(g.div(g.sum(g.mul(weights, mixed), axes), totalWeight(g, weights))), logProb];
  },
});

/**
 * dloss, log_prob, labels, weights -> dlogits = dloss * w / sum(w) * (p - (1 - s) [label] - s / C), where [label] is 1 at the label.
 * What is subtracted sums to 1 over the classes, as p does.
 */
export const softmaxCrossEntropyGrad = defineFunction({
  name: 'SoftmaxCrossEntropyGrad',
  body(g, node, inputs) {
    const [dloss, logProb, labels, weights] = inputs as [Value, Value, Value, Value];
    const smoothing = node.float('label_smoothing', 0);
    const [batch, classes, ...rest] = g.shape(logProb) as [number, number, ...number[]];
    const number = (value: number) => g.constant(value, g.dtype(logProb));
    const mask = labelMask(g, labels, classes);
    const spread = smoothing / classes;
    const target = g.where(mask, number(1 - smoothing + spread), number(spread));
    const factor = g.mul(g.div(weights, totalWeight(g, weights)), g.reshape(dloss, []));
    return [g.mul(g.reshape(factor, [batch, 1, ...rest]), g.sub(g.op('Exp', [logProb]), target))];
  },
});
