import { type Node, type Value } from '@gossamer/graph';
import { allButChannels, channelVector } from '../emit/channel-vector.js';
import type { Emitter } from '../emit/emitter.js';
import { defineFunction } from './train-function.js';

/** dy where y says that the activation passed its argument on: above 0 for relu, between the bounds for clip. */
function passed(g: Emitter, node: Node, dy: Value, y: Value | undefined): Value {
  const activation = node.string('activation', 'none');
  if (activation === 'none') return dy;
  if (!y) throw new Error(`BatchNormGrad ${node.name}: expected input y for activation ${activation}`);
  const bound = (name: string) => g.constant(activation === 'relu' ? 0 : node.float(name, 0), g.dtype(y));
  const above = g.op('Greater', [y, bound('activation_alpha')]);
  const inside = activation === 'relu' ? above : g.op('And', [above, g.op('Less', [y, bound('activation_beta')])]);
  return g.where(inside, dy, g.constant(0, g.dtype(dy)));
}

/**
 * dy, x, scale, mean, inv_std, y? -> dx, dscale, dbias. With n elements a channel and h = (x - mean) inv_std:
 * dbias = sum(dy), dscale = sum(dy h), dx = scale inv_std (dy - dbias / n - h dscale / n). Source: as batch-norm-train.ts, section 3.
 */
export const batchNormGrad = defineFunction({
  name: 'BatchNormGrad',
  body(g, node, inputs) {
    const [given, x, scale, mean, invStd] = inputs as [Value, Value, Value, Value, Value];
    const rank = g.rank(x);
    const axes = allButChannels(rank);
    const channels = g.shape(scale);
    const count = g.size(x) / g.size(scale);
    const wide = (vector: Value) => channelVector(g, vector, rank);
    const dy = passed(g, node, given, inputs[5]);
    const normal = g.mul(g.sub(x, wide(mean)), wide(invStd));
    const dbias = g.reshape(g.sum(dy, axes), channels);
    const dscale = g.reshape(g.sum(g.mul(dy, normal), axes), channels);
    const even = g.sub(dy, wide(g.scale(dbias, 1 / count)));
    const rest = g.sub(even, g.mul(normal, wide(g.scale(dscale, 1 / count))));
    return [g.mul(wide(g.mul(scale, invStd)), rest), dscale, dbias];
  },
});
