import { elementCount } from '@gossamer/graph';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import { type Call, first } from '../call.js';
import { FLOAT, type LaidOut, type Result, type TfjsOperator } from '../operator.js';

/** x less its mean over `axes`, and 1 / sqrt(variance + epsilon): the variance in a second pass, which keeps its digits. */
function standardized(tf: Tf, x: Tensor, axes: number[], epsilon: number) {
  const mean = tf.mean(x, axes, true);
  const centred = tf.sub(x, mean);
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), axes, true), epsilon));
  return { mean, inverse, y: tf.mul(centred, inverse) };
}

function layerNormalization(call: Call): readonly Result[] {
  const { tf, node } = call;
  const x = call.first(0);
  const begin = call.axis(node.int('axis', -1), x.rank);
  const axes = Array.from({ length: x.rank - begin }, (_, i) => begin + i);
  const { mean, inverse, y } = standardized(tf, x, axes, node.float('epsilon', 1e-5));
  const scaled = tf.mul(y, call.first(1));
  const bias = call.optional(2);
  return [first(bias ? tf.add(scaled, bias) : scaled), first(mean), first(inverse)];
}

/** Channels last where the tensor has any order to choose. */
function channelwise(call: Call, index: number): LaidOut {
  const held = call.held(index);
  const layout = held.rank >= 3 ? 'last' : 'first';
  return { tensor: held.in(layout), layout };
}

function batchNormalization(call: Call): Result {
  const { tf, node } = call;
  const { tensor, layout } = channelwise(call, 0);
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) => call.first(index)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, node.float('epsilon', 1e-5))));
  return { tensor: tf.add(tf.mul(tf.sub(tensor, mean), factor), bias), layout };
}

function instanceNormalization(call: Call): Result {
  const { tf, node } = call;
  const { tensor, layout } = channelwise(call, 0);
  const axes = Array.from({ length: tensor.rank - 2 }, (_, i) => i + 1);
  const { y } = standardized(tf, tensor, axes, node.float('epsilon', 1e-5));
  return { tensor: tf.add(tf.mul(y, call.first(1)), call.first(2)), layout };
}

/** Groups of channels are normalized together; scale and bias are of single channels. */
function groupNormalization(call: Call): Result {
  const { tf, node } = call;
  const shape = call.shape(0);
  const [n = 1, channels = 1] = shape;
  const groups = node.int('num_groups', 1);
  const rows = tf.reshape(call.first(0), [n, groups, elementCount(shape) / (n * groups)]);
  const { y } = standardized(tf, rows, [2], node.float('epsilon', 1e-5));
  const along = [channels, ...shape.slice(2).map(() => 1)];
  const [scale, bias] = [tf.reshape(call.first(1), along), tf.reshape(call.first(2), along)];
  return first(tf.add(tf.mul(tf.reshape(y, [...shape]), scale), bias));
}

export const normalizationOperators: readonly TfjsOperator[] = [
  { op: 'LayerNormalization', types: FLOAT, run: layerNormalization },
  {
    op: 'BatchNormalization',
    types: FLOAT,
    refuse: (node) => (node.int('training_mode', 0) === 1 ? 'training mode' : undefined),
    run: batchNormalization,
  },
  { op: 'InstanceNormalization', types: FLOAT, run: instanceNormalization },
  { op: 'GroupNormalization', types: FLOAT, run: groupNormalization },
];
