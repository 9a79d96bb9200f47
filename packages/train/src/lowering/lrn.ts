import { Tensor, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import { defineLowering } from './lowering.js';

/** [channels, channels], `value` where column c is in the window of row r: r - floor((size - 1) / 2) to r + ceil((size - 1) / 2). */
function band(g: Emitter, channels: number, size: number, value: number): Value {
  const data = new Float32Array(channels * channels);
  for (let r = 0; r < channels; r++) {
    const first = Math.max(0, r - Math.floor((size - 1) / 2));
    const last = Math.min(channels - 1, r + Math.ceil((size - 1) / 2));
    data.fill(value, r * channels + first, r * channels + last + 1);
  }
  return g.tensor(Tensor.of('float32', [channels, channels], data), 'window');
}

/**
 * x (bias + alpha / size * sum of x^2 over neighbouring channels)^-beta: the sums are one product with a band of alpha / size.
 * Source: Krizhevsky, Sutskever, Hinton 2012, ImageNet Classification, section 3.3.
 */
export const lrnLowering = defineLowering({
  op: 'LRN',
  lower(g, node, inputs) {
    const x = inputs[0]!;
    const [batch, channels, ...rest] = g.shape(x) as [number, number, ...number[]];
    const size = node.int('size', 1);
    const squares = g.reshape(g.mul(x, x), [batch, channels, rest.reduce((a, b) => a * b, 1)]);
    const window = band(g, channels, size, node.float('alpha', Math.fround(1e-4)) / size);
    const sums = g.add(g.matmul(window, squares), g.constant(node.float('bias', 1)));
    const factor = g.op('Pow', [sums, g.constant(-node.float('beta', 0.75))]);
    return [g.mul(x, g.reshape(factor, g.shape(x)))];
  },
});
