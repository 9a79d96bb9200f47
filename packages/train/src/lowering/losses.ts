import type { Node, Value } from '@gossamer/graph';
import { atLabels, labelMask, totalWeight } from '../emit/label-mask.js';
import type { Emitter } from '../emit/emitter.js';
import { defineLowering } from './lowering.js';

/** The labels as int64 classes (class 0 where they are ignored), and the weight of each position: 0 where it is ignored. */
function positions(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]) {
  const [scores, given, classWeights] = inputs as [Value, Value, Value | undefined];
  const dtype = g.dtype(scores);
  const target = g.cast(given, 'int64');
  const ignored = node.int('ignore_index', undefined);
  const isIgnored = ignored === undefined ? undefined : g.op('Equal', [target, g.int64(ignored)]);
  const labels = isIgnored ? g.where(isIgnored, g.int64(0), target) : target;
  const each = classWeights
    ? g.op('Gather', [classWeights, labels], { axis: 0 })
    : g.expand(g.constant(1, dtype), g.shape(labels));
  return { labels, weights: isIgnored ? g.where(isIgnored, g.constant(0, dtype), each) : each };
}

const allAxes = (g: Emitter, value: Value) => g.shape(value).map((_, axis) => axis);

/** -weight * value at the label of each position. */
function losses(g: Emitter, values: Value, labels: Value, weights: Value): Value {
  return g.neg(g.mul(weights, atLabels(g, values, labelMask(g, labels, g.shape(values)[1]!))));
}

/** Where nothing counts, the mean is 0 (the standard's is NaN). */
export const negativeLogLikelihoodLowering = defineLowering({
  op: 'NegativeLogLikelihoodLoss',
  lower(g, node, inputs) {
    const { labels, weights } = positions(g, node, inputs);
    const reduction = node.string('reduction', 'mean');
    const shares = reduction === 'mean' ? g.div(weights, totalWeight(g, weights)) : weights;
    const each = losses(g, inputs[0]!, labels, shares);
    return [reduction === 'none' ? each : g.sum(each, allAxes(g, each))];
  },
});

/** One function for the mean and the sum; where nothing counts, the mean is 0 (the standard's is NaN). */
export const softmaxCrossEntropyLowering = defineLowering({
  op: 'SoftmaxCrossEntropyLoss',
  lower(g, node, inputs) {
    const { labels, weights } = positions(g, node, inputs);
    const reduction = node.string('reduction', 'mean');
    if (reduction === 'none') {
      const logProb = g.op('LogSoftmax', [inputs[0]], { axis: 1 });
      return [losses(g, logProb, labels, weights), logProb];
    }
    const [mean, logProb] = g.call('SoftmaxCrossEntropy', [inputs[0], labels, weights], {}, 2);
    return [reduction === 'sum' ? g.mul(mean!, totalWeight(g, weights)) : mean, logProb];
  },
});
