import { elementCount } from '@gossamer/graph';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { type Call, first } from '../call.js';
import { dilated, spread } from '../convolve.js';
import { fromImages, images, padded } from '../images.js';
import { FLOAT, type Result, type TfjsOperator } from '../operator.js';
import { filterOf, isDilated, maximaWithIndices, type Pool, poolOf, sharesOf, stridesOf } from '../pool.js';
import { pair } from '../window.js';
import { refusesRank } from './convolution.js';

/** Images without the padding of a pool. */
const unpadded = (tf: Tf, x: Tensor4D, { pads: [[top, bottom], [left, right]] }: Pool): Tensor4D =>
  padded(tf, x, [
    [-top, -bottom],
    [-left, -right],
  ]);

/** dx from dy, x and y = MaxPool(x): dy goes to the first maximum of its window, row by row. */
function maxGradient(call: Call): Result {
  const { tf, node } = call;
  const [dy, x, output] = [images(call, 0), images(call, 1), images(call, 2)];
  const shape = call.shape(1);
  const pool = poolOf(node, [x.shape[1], x.shape[2]], shape.length - 2);
  const input = padded(tf, x, pool.pads, -Infinity);
  if (isDilated(pool)) {
    const { places } = maximaWithIndices(tf, x, input, pool);
    const updates = tf.reshape(dy, [dy.size]);
    const dx = tf.scatterND(tf.reshape(places, [dy.size, 1]) as never, updates, [elementCount(shape)]);
    return first(tf.reshape(dx, [...shape]));
  }
  const attributes = { filterSize: filterOf(pool), strides: stridesOf(pool), pad: 'valid' };
  const dx: Tensor4D = tf.engine().runKernel(tf.MaxPoolGrad, { dy, input, output }, attributes);
  return fromImages(call, unpadded(tf, dx, pool), shape.length);
}

/** dx from dy: an equal share to each element that its window averaged. */
function averageGradient(call: Call): Result {
  const { tf, node } = call;
  const sizes = node.ints('input_shape', []);
  const [height, width] = pair(sizes, 1);
  const pool = poolOf(node, [height, width], sizes.length);
  const images4 = images(call, 0);
  const shares = sharesOf(tf, node, [height, width], pool);
  const dy: Tensor4D = shares ? tf.mul(images4, shares) : images4;
  const [n, , , channels] = dy.shape;
  if (isDilated(pool)) {
    const { kernel, strides, dilations, pads } = pool;
    const even = tf.fill([...kernel, 1, channels], 1 / (kernel[0] * kernel[1])) as Tensor4D;
    const target = { strides, begins: [pads[0][0], pads[1][0]] as const, sizes: [height, width] as const };
    return fromImages(call, spread(tf, dy, dilated(tf, even, dilations), target, channels), sizes.length + 2);
  }
  const [rows, columns] = pool.pads.map(([begin, end]) => begin + end) as [number, number];
  const input = tf.zeros([n, height + rows, width + columns, channels]);
  const attributes = { filterSize: filterOf(pool), strides: stridesOf(pool), pad: 'valid' };
  const dx: Tensor4D = tf.engine().runKernel(tf.AvgPoolGrad, { dy, input }, attributes);
  return fromImages(call, unpadded(tf, dx, pool), sizes.length + 2);
}

/** Of the training domain (docs/train.md): kernels in place of their standard bodies. */
export const poolGradientOperators: readonly TfjsOperator[] = [
  { op: 'MaxPoolGrad', domain: 'gossamer.train', types: FLOAT, refuse: refusesRank, run: maxGradient },
  { op: 'AveragePoolGrad', domain: 'gossamer.train', types: FLOAT, refuse: refusesRank, run: averageGradient },
];
