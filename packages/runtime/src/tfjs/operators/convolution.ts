import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import type { Call } from '../call.js';
import { fromImages, images } from '../images.js';
import { FLOAT, type NodeTypes, type TfjsOperator } from '../operator.js';
import { reach, type Window, windowOf } from '../window.js';
import type { Node } from '@gossamer/graph';

/** Convolutions of one and two dimensions. */
export const refusesRank = (node: Node, types: NodeTypes): string | undefined => {
  const rank = types.rankOf(node.input(0));
  return rank === 3 || rank === 4 ? undefined : `operands of rank ${rank ?? 'unknown'}`;
};

/** A filter [height, width, I, O] with zeros between its taps. */
export function dilated(tf: Tf, filter: Tensor4D, [rows, columns]: readonly [number, number]): Tensor4D {
  if (rows === 1 && columns === 1) return filter;
  const [height, width, inputs, outputs] = filter.shape;
  const apart = tf.pad(tf.reshape(filter, [height, 1, width, 1, inputs * outputs]), [
    [0, 0],
    [0, rows - 1],
    [0, 0],
    [0, columns - 1],
    [0, 0],
  ]);
  const whole: Tensor4D = tf.reshape(apart, [height * rows, width * columns, inputs, outputs]);
  return tf.slice(whole, [0, 0, 0, 0], [reach(height, rows), reach(width, columns), inputs, outputs]);
}

/** x [N, height, width, C] with filter [height, width, C / groups, O]. */
function convolve(tf: Tf, x: Tensor4D, filter: Tensor4D, window: Window, groups: number): Tensor4D {
  const [height, width, inputs, outputs] = filter.shape;
  const strides = [...window.strides] as [number, number];
  const dilations = [...window.dilations] as [number, number];
  const isDilated = dilations.some((dilation) => dilation > 1);
  const isStrided = strides.some((stride) => stride > 1);
  const isDepthwise = groups > 1 && inputs === 1 && strides[0] === strides[1];
  // Neither both at once nor, in TensorFlow's depthwise kernels, dilations at all.
  if (isDilated && (isStrided || isDepthwise)) {
    return convolve(tf, x, dilated(tf, filter, dilations), { ...window, dilations: [1, 1] }, groups);
  }
  const pad = [[0, 0], ...window.pads.map((sides) => [...sides]), [0, 0]] as [number, number][];
  const padding = pad.flat().every((side) => side === 0) ? 'valid' : (pad as never);
  if (groups === 1) return tf.conv2d(x, filter, strides, padding, 'NHWC', dilations);
  if (isDepthwise) {
    const depthwise: Tensor4D = tf.reshape(filter, [height, width, groups, outputs / groups]);
    return tf.depthwiseConv2d(x, depthwise, strides, padding);
  }
  const filters: Tensor4D[] = tf.split(filter, groups, 3);
  const parts: Tensor4D[] = tf.split(x, groups, 3);
  return tf.concat(
    parts.map((part, group) => tf.conv2d(part, filters[group]!, strides, padding, 'NHWC', dilations)),
    3,
  );
}

function run(call: Call) {
  const { tf, node } = call;
  const x = images(call, 0);
  const kernel = call.shape(1).slice(2);
  const window = windowOf(node, call.shape(0).slice(2), kernel);
  const y = convolve(tf, x, call.held(1).filter() as Tensor4D, window, node.int('group', 1));
  const bias = call.optional(2);
  return fromImages(call, bias ? tf.add(y, bias) : y, call.shape(0).length);
}

export const convolutionOperators: readonly TfjsOperator[] = [{ op: 'Conv', types: FLOAT, refuse: refusesRank, run }];
