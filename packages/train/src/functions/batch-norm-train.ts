import { type Node, type Value } from '@gossamer/graph';
import { allButChannels, channelVector } from '../emit/channel-vector.js';
import type { Emitter } from '../emit/emitter.js';
import { defineFunction } from './train-function.js';

/** What follows the normalization: attribute `activation`, none by default. */
function activated(g: Emitter, node: Node, y: Value): Value {
  const activation = node.string('activation', 'none');
  if (activation === 'none') return y;
  if (activation === 'relu') return g.op('Relu', [y]);
  const bound = (name: string) => g.constant(node.float(name, 0), g.dtype(y));
  return g.op('Clip', [y, bound('activation_alpha'), bound('activation_beta')]);
}

/**
 * x [N, C, ...], scale, bias -> y, mean, variance, 1 / sqrt(variance + epsilon), the last three of the batch and [C]. The variance is that of the
 * batch itself (divided by its size), taken in a second pass over x, so that a mean far from 0 loses no digits.
 * Source: Ioffe, Szegedy 2015, Batch Normalization (arXiv:1502.03167), algorithm 1.
 */
export const batchNormTrain = defineFunction({
  name: 'BatchNormTrain',
  body(g, node, inputs) {
    const [x, scale, bias] = inputs as [Value, Value, Value];
    const rank = g.rank(x);
    const axes = allButChannels(rank);
    const channels = g.shape(scale);
    const mean = g.mean(x, axes, 1);
    const centred = g.sub(x, mean);
    const variance = g.mean(g.mul(centred, centred), axes, 1);
    const epsilon = g.constant(node.float('epsilon', Math.fround(1e-5)), g.dtype(x));
    const invStd = g.op('Reciprocal', [g.op('Sqrt', [g.add(variance, epsilon)])]);
    const y = g.add(g.mul(centred, g.mul(invStd, channelVector(g, scale, rank))), channelVector(g, bias, rank));
    return [activated(g, node, y), ...[mean, variance, invStd].map((value) => g.reshape(value, channels))];
  },
});
