import type { Node } from '@gossamer/graph';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend.js';
import type { Call } from '../call.js';
import { fromImages, images, padded } from '../images.js';
import { FLOAT, type TfjsOperator } from '../operator.js';
import { pair, reach, shared } from '../window.js';
import { dilated, refusesRank } from './convolution.js';

/** Rows and columns that the whole result has too many, before and after; negative: too few. */
function surplus(node: Node, sizes: readonly number[], whole: readonly number[], strides: readonly number[]) {
  const axes = sizes.length;
  const more = node.ints('output_padding', undefined) ?? new Array<number>(axes).fill(0);
  const wanted = node.ints('output_shape', undefined);
  const mode = node.string('auto_pad', 'NOTSET');
  const given = node.ints('pads', undefined) ?? new Array<number>(2 * axes).fill(0);
  return sizes.map((size, axis): readonly [number, number] => {
    if (mode === 'VALID' && !wanted) return [0, -more[axis]!];
    if (mode === 'NOTSET' && !wanted) return [given[axis]!, given[axis + axes]! - more[axis]!];
    const target = wanted?.[axis] ?? size * strides[axis]!;
    // The padding that explains the size, with output_padding as part of the whole.
    const [begin, end] = shared(Math.max(whole[axis]! + more[axis]! - target, 0), mode !== 'SAME_UPPER');
    const missing = Math.max(target - whole[axis]! - more[axis]!, 0);
    return [begin, end - more[axis]! - missing];
  });
}

/** The whole of a transposed convolution: x [N, height, width, C] with filter [height, width, O / groups, C]. */
function spread(tf: Tf, x: Tensor4D, filter: Tensor4D, strides: [number, number], groups: number): Tensor4D {
  const [height, width, outputs, inputs] = filter.shape;
  const [n, rows, columns] = x.shape;
  const size = [(rows - 1) * strides[0] + height, (columns - 1) * strides[1] + width] as const;
  if (groups === 1) return tf.conv2dTranspose(x, filter, [n, ...size, outputs], strides, 'valid');
  if (outputs === 1 && strides[0] === strides[1]) {
    const depthwise = tf.reshape(filter, [height, width, groups, inputs / groups]);
    return tf
      .engine()
      .runKernel(
        tf.DepthwiseConv2dNativeBackpropInput,
        { dy: x, filter: depthwise },
        { strides, pad: 'valid', dilations: [1, 1], inputShape: [n, ...size, groups] },
      );
  }
  const filters: Tensor4D[] = tf.split(filter, groups, 3);
  const parts: Tensor4D[] = tf.split(x, groups, 3);
  return tf.concat(
    parts.map((part, group) => tf.conv2dTranspose(part, filters[group]!, [n, ...size, outputs], strides, 'valid')),
    3,
  );
}

function run(call: Call) {
  const { tf, node } = call;
  const x = images(call, 0);
  const axes = call.shape(0).length - 2;
  const given = node.ints('strides', undefined) ?? new Array<number>(axes).fill(1);
  const strides = [...pair(given, given[0]!)] as [number, number];
  const dilations = pair(node.ints('dilations', undefined) ?? new Array<number>(axes).fill(1), 1);
  const filter = dilated(tf, call.held(1).filter() as Tensor4D, dilations);
  const sizes = call.shape(0).slice(2);
  const kernel = call.shape(1).slice(2);
  const whole = sizes.map(
    (size, axis) => (size - 1) * given[axis]! + reach(kernel[axis]!, dilations[axis + 2 - axes]!),
  );
  const cut = pair(surplus(node, sizes, whole, given), [0, 0] as const);
  const y = spread(tf, x, filter, strides, node.int('group', 1));
  const negated = cut.map((sides) => sides.map((side) => -side)) as unknown as typeof cut;
  const sized = padded(tf, y, negated);
  const bias = call.optional(2);
  return fromImages(call, bias ? tf.add(sized, bias) : sized, axes + 2);
}

export const convolutionTransposeOperators: readonly TfjsOperator[] = [
  { op: 'ConvTranspose', types: FLOAT, refuse: refusesRank, run },
];
