import type { Value } from '@gossamer/graph';
import { unbroadcast } from '../gradients/unbroadcast.js';
import { defineFunction } from './train-function.js';

/**
 * dy, x, scale, mean, inv_std -> dx, dscale, dbias (both of the shape of scale). With h = (x - mean) inv_std, s = dy scale and means over the
 * normalized axes: dx = inv_std (s - mean(s) - h mean(s h)). Source: Ba, Kiros, Hinton 2016, Layer Normalization (arXiv:1607.06450).
 */
export const layerNormGrad = defineFunction({
  name: 'LayerNormGrad',
  body(g, node, inputs) {
    const [dy, x, scale, mean, invStd] = inputs as [Value, Value, Value, Value, Value];
    const rank = g.rank(x);
    const given = node.int('axis', -1);
    const first = given < 0 ? given + rank : given;
    const axes = Array.from({ length: rank - first }, (_, i) => first + i);
    const normal = g.mul(g.sub(x, mean), invStd);
    const scaled = g.mul(dy, scale);
    const even = g.sub(scaled, g.mean(scaled, axes, 1));
    const dx = g.mul(invStd, g.sub(even, g.mul(normal, g.mean(g.mul(scaled, normal), axes, 1))));
    const shape = g.shape(scale);
    return [dx, unbroadcast(g, g.mul(dy, normal), shape), unbroadcast(g, dy, shape)];
  },
});
