import { allButChannels, channelVector } from '../emit/channel-vector.js';
import { defineGradient } from './gradient-rule.js';

/** The inference form, y = (x - mean) scale / sqrt(var + epsilon) + bias: linear in x; mean and var are inputs as any other. */
export const batchNormalizationGradient = defineGradient({
  op: 'BatchNormalization',
  gradient({ g, node, inputs, x, dy, needs }) {
    const [scale, bias, mean, variance] = inputs.slice(1).map((value) => value!);
    const rank = g.rank(x);
    const channels = g.shape(scale!);
    const epsilon = g.constant(node.float('epsilon', Math.fround(1e-5)), g.dtype(variance!));
    const invStd = g.op('Reciprocal', [g.op('Sqrt', [g.add(variance!, epsilon)])]);
    const factor = g.mul(scale!, invStd);
    const overChannel = (value: typeof x) => g.reshape(g.sum(value, allButChannels(rank)), channels);
    const dbias = () => overChannel(dy);
    const dscale = () => g.mul(overChannel(g.mul(dy, g.sub(x, channelVector(g, mean!, rank)))), invStd);
    return [
      needs(0) ? g.mul(dy, channelVector(g, factor, rank)) : undefined,
      needs(1) ? dscale() : undefined,
      bias && needs(2) ? dbias() : undefined,
      needs(3) ? g.neg(g.mul(factor, dbias())) : undefined,
      // d invStd / d var = -invStd^3 / 2, and dscale has one invStd already.
      needs(4) ? g.scale(g.mul(dscale(), g.mul(factor, invStd)), -0.5) : undefined,
    ];
  },
});
