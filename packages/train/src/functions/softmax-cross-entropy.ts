import { attribute, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineFunction } from './train-function.js';

/** Below the weight of any sample that counts: without one the loss is 0. */
const TINY = 1e-12;

/** The weights over their sum. */
function shares(g: Emitter, weights: Value): Value {
  const axes = g.shape(weights).map((_, axis) => axis);
  return g.div(weights, g.op('Max', [g.sum(weights, axes), g.constant(TINY)]));
}

/** What the loss holds log-probabilities to: 1 - s of a label, and s shared by all classes; [N, C, ...]. */
function target(g: Emitter, labels: Value, logProb: Value, smoothing: number): Value {
  const classes = g.shape(logProb)[1]!;
  const share = smoothing / classes;
  const values = g.constant([share, 1 - smoothing + share]);
  return g.op('OneHot', [labels, g.int64([classes]), values], { axis: 1 });
}

/**
 * Inputs logits [N, C, ...], labels int64 [N, ...], weights [N, ...]; outputs loss [] = sum of w l / sum of w with l = -sum over c of t_c log p_c
 * (t the smoothed label), and log p [N, C, ...]. Labels are in [0, C).
 */
export const softmaxCrossEntropyFunction = defineFunction({
  name: 'SoftmaxCrossEntropy',
  body(g, node, [logits, labels, weights]) {
    const logProb = g.op('LogSoftmax', [logits], { axis: 1 });
    const each = g.neg(g.sum(g.mul(target(g, labels!, logProb, node.float('label_smoothing', 0)), logProb), [1]));
    const axes = g.shape(each).map((_, axis) => axis);
    return [g.sum(g.mul(each, shares(g, weights!)), axes), logProb];
  },
});

/** Inputs dloss [], log p, labels, weights; output dlogits = dloss w / sum of w (p - t). */
export const softmaxCrossEntropyGradFunction = defineFunction({
  name: 'SoftmaxCrossEntropyGrad',
  body(g, node, [dloss, logProb, labels, weights]) {
    const difference = g.sub(g.op('Exp', [logProb]), target(g, labels!, logProb!, node.float('label_smoothing', 0)));
    const factors = g.op('Unsqueeze', [g.mul(shares(g, weights!), dloss!), g.int64([1])]);
    return [g.mul(difference, factors)];
  },
});

/** The attribute of both functions. */
export const smoothingAttribute = (smoothing: number) => ({ label_smoothing: attribute.float(smoothing) });
