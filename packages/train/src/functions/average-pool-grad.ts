import { Tensor } from '@gossamer/graph';
import { indicesOf, type Window, windowOf } from '../emit/window.js';
import { convTransposeTo } from './conv-grad-input/transposed.js';
import { product } from './convolution.js';
import { defineFunction } from './train-function.js';

/** Taps of the window at position `at` along an axis that lie in x, or (`padded`) in x with its padding. */
function tapsAlong(window: Window, axis: number, at: number, padded: boolean): number {
  const before = padded ? window.padsBegin[axis]! : 0;
  const after = padded ? window.padsEnd[axis]! : 0;
  let count = 0;
  for (let tap = 0; tap < window.kernel[axis]!; tap++) {
    const place = at * window.strides[axis]! - window.padsBegin[axis]! + tap * window.dilations[axis]!;
    if (place >= -before && place < window.input[axis]! + after) count++;
  }
  return count;
}

/** dx: dy divided by the number of elements its window averaged, given to each of them. */
export const averagePoolGrad = defineFunction({
  name: 'AveragePoolGrad',
  body(g, node, inputs) {
    const dy = inputs[0]!;
    const [batch, channels, ...output] = g.shape(dy) as [number, number, ...number[]];
    const window = windowOf(node, node.ints('input_shape', []), output);
    const padded = node.int('count_include_pad', 0) === 1;
    const shares = indicesOf(output).map(
      (index) => 1 / product(index.map((at, axis) => tapsAlong(window, axis, at, padded))),
    );
    const isEven = shares.every((share) => share === shares[0]);
    const shared = isEven
      ? g.scale(dy, shares[0] ?? 1)
      : g.mul(dy, g.tensor(Tensor.of('float32', [1, 1, ...output], Float32Array.from(shares))));
    const { kernel, strides, dilations, input } = window;
    const isTiled = kernel.every(
      (size, axis) =>
        size === strides[axis] &&
        (size === 1 || dilations[axis] === 1) &&
        window.padsBegin[axis] === 0 &&
        output[axis]! * size === input[axis],
    );
    if (isTiled) {
      const spread = [batch, channels, ...output.flatMap((count, axis) => [count, kernel[axis]!])];
      const columns = g.reshape(shared, [batch, channels, ...output.flatMap((count) => [count, 1])]);
      return [g.reshape(g.expand(columns, spread), [batch, channels, ...input])];
    }
    // Channels are samples: one kernel of ones serves them all.
    const images = g.reshape(shared, [batch * channels, 1, ...output]);
    const ones = g.expand(g.constant(1), [1, 1, ...kernel]);
    return [g.reshape(convTransposeTo(g, images, ones, window, 1), [batch, channels, ...input])];
  },
});
