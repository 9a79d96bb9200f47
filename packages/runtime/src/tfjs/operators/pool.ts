import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { type Call, first } from '../call.js';
import { fromImages, images, padded } from '../images.js';
import { FLOAT, type TfjsOperator } from '../operator.js';
import { filterOf, isDilated, maximaWithIndices, poolOf, sharesOf, stridesOf, taps } from '../pool.js';
import { refusesRank } from './convolution.js';

function maxPool(call: Call) {
  const { tf, node } = call;
  const x = images(call, 0);
  const rank = call.shape(0).length;
  const pool = poolOf(node, [x.shape[1], x.shape[2]], rank - 2);
  const whole = padded(tf, x, pool.pads, -Infinity);
  if (node.outputs[1]) {
    const { maxima, places } = maximaWithIndices(tf, x, whole, pool, node.int('storage_order', 0) === 1);
    return [fromImages(call, maxima, rank), fromImages(call, places, rank)];
  }
  const y = isDilated(pool)
    ? taps(tf, whole, pool).reduce((a, b) => tf.maximum(a, b))
    : tf.maxPool(whole, filterOf(pool), stridesOf(pool), 'valid');
  return fromImages(call, y, rank);
}

function averagePool(call: Call) {
  const { tf, node } = call;
  const x = images(call, 0);
  const rank = call.shape(0).length;
  const pool = poolOf(node, [x.shape[1], x.shape[2]], rank - 2);
  const whole = padded(tf, x, pool.pads);
  const taken = pool.kernel[0] * pool.kernel[1];
  const mean = isDilated(pool)
    ? tf.div(tf.addN(taps(tf, whole, pool)), taken)
    : tf.avgPool(whole, filterOf(pool), stridesOf(pool), 'valid');
  const shares = sharesOf(tf, node, [x.shape[1], x.shape[2]], pool);
  return fromImages(call, shares ? tf.mul(mean, shares) : mean, rank);
}

/** A pool over all spatial axes. */
const global = (op: string, compute: (tf: Tf, x: Tensor, axes: number[]) => Tensor): TfjsOperator => ({
  op,
  types: FLOAT,
  run(call) {
    const { tensor, layout } = call.any(0);
    const begin = layout === 'last' ? 1 : 2;
    const axes = Array.from({ length: tensor.rank - 2 }, (_, i) => begin + i);
    return { tensor: compute(call.tf, tensor, axes), layout };
  },
});

function maxUnpool(call: Call) {
  const { tf } = call;
  const axes = call.shape(0).length - 2;
  const given = call.numbers(2);
  const { node } = call;
  const strides = node.ints('strides', undefined) ?? new Array<number>(axes).fill(1);
  const pads = node.ints('pads', undefined) ?? new Array<number>(2 * axes).fill(0);
  const kernel = node.ints('kernel_shape', []);
  const sizes = call.shape(0).slice(2);
  const inferred = sizes.map(
    (size, axis) => (size - 1) * strides[axis]! - pads[axis]! - pads[axis + axes]! + kernel[axis]!,
  );
  const own = [...call.shape(0).slice(0, 2), ...inferred];
  const flat = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
  const zeros = tf.zeros([flat(own)]);
  const count = flat(call.shape(0));
  const indices = tf.reshape(call.first(1), [count, 1]);
  const filled = tf.tensorScatterUpdate(zeros, indices, tf.reshape(call.first(0), [count]));
  const y = tf.reshape(filled, own);
  // Indices count in the inferred shape; what is asked for beyond it is zeros.
  const shape = given ?? own;
  return first(
    tf.pad(
      y,
      shape.map((dim, axis) => [0, dim - own[axis]!] as [number, number]),
    ),
  );
}

export const poolOperators: readonly TfjsOperator[] = [
  { op: 'MaxPool', types: FLOAT, refuse: refusesRank, run: maxPool },
  { op: 'AveragePool', types: FLOAT, refuse: refusesRank, run: averagePool },
  { op: 'MaxUnpool', types: FLOAT, host: [2], refuse: refusesRank, run: maxUnpool },
  global('GlobalAveragePool', (tf, x, axes) => tf.mean(x, axes, true)),
  global('GlobalMaxPool', (tf, x, axes) => tf.max(x, axes, true)),
];
