import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from './backend.js';
import { padded } from './images.js';
import { reach, type Window } from './window.js';

type Pair = readonly [number, number];

/** A filter [height, width, I, O] with zeros between its taps. */
export function dilated(tf: Tf, filter: Tensor4D, [rows, columns]: Pair): Tensor4D {
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

const mutable = (pair: Pair): [number, number] => [...pair];
const isUnpadded = ({ pads }: Window) => pads.flat().every((side) => side === 0);

/** A convolution of x [N, height, width, C] with filter [height, width, C / groups, O]. */
export function convolve(tf: Tf, x: Tensor4D, filter: Tensor4D, window: Window, groups: number): Tensor4D {
  const [height, width, inputs, outputs] = filter.shape;
  const [strides, dilations] = [mutable(window.strides), mutable(window.dilations)];
  const isDilated = dilations.some((dilation) => dilation > 1);
  const isStrided = strides.some((stride) => stride > 1);
  const isDepthwise = groups > 1 && inputs === 1 && strides[0] === strides[1];
  // Neither both at once nor, in TensorFlow's depthwise kernels, dilations at all.
  if (isDilated && (isStrided || isDepthwise)) {
    return convolve(tf, x, dilated(tf, filter, dilations), { ...window, dilations: [1, 1] }, groups);
  }
  const padding = isUnpadded(window) ? 'valid' : ([[0, 0], ...window.pads.map(mutable), [0, 0]] as never);
  if (groups === 1) return tf.conv2d(x, filter, strides, padding, 'NHWC', dilations);
  if (isDepthwise) {
    const depthwise: Tensor4D = tf.reshape(filter, [height, width, groups, outputs / groups]);
    return tf.depthwiseConv2d(x, depthwise, strides, padding);
  }
  return byGroup(tf, x, filter, groups, (part, own) => tf.conv2d(part, own, strides, padding, 'NHWC', dilations));
}

/** One convolution for each group of channels of x and outputs of the filter. */
function byGroup(
  tf: Tf,
  x: Tensor4D,
  filter: Tensor4D,
  groups: number,
  compute: (x: Tensor4D, filter: Tensor4D) => Tensor4D,
): Tensor4D {
  const filters: Tensor4D[] = tf.split(filter, groups, 3);
  const parts: Tensor4D[] = tf.split(x, groups, 3);
  return tf.concat(
    parts.map((part, group) => compute(part, filters[group]!)),
    3,
  );
}

/**
 * The padding of TensorFlow that a window has: 'same' or 'valid' over images of `sizes` that give results of `results`; undefined: neither.
 * The kernels of gradients take no other.
 */
function paddingOf(
  sizes: Pair,
  results: Pair,
  begins: Pair,
  kernel: Pair,
  strides: Pair,
): 'same' | 'valid' | undefined {
  const both = (holds: (axis: 0 | 1) => boolean) => holds(0) && holds(1);
  if (both((i) => begins[i] === 0 && Math.floor((sizes[i] - kernel[i]) / strides[i]) + 1 === results[i]))
    return 'valid';
  const isSame = both((i) => {
    const total = Math.max((results[i] - 1) * strides[i] + kernel[i] - sizes[i], 0);
    return Math.ceil(sizes[i] / strides[i]) === results[i] && Math.floor(total / 2) === begins[i];
  });
  return isSame ? 'same' : undefined;
}

/**
 * What a convolution with `filter` [height, width, O / groups, C], without dilations, would have to see for its result to be x [N, height, width, C], summed: a
 * transposed convolution, or the gradient by the input. The result has `sizes`, and begins `begins` rows and columns into the whole.
 */
export function spread(
  tf: Tf,
  x: Tensor4D,
  filter: Tensor4D,
  { strides, begins, sizes }: { readonly strides: Pair; readonly begins: Pair; readonly sizes: Pair },
  groups: number,
): Tensor4D {
  const [height, width] = filter.shape;
  const [n, rows, columns] = x.shape;
  const pad = paddingOf(sizes, [rows, columns], begins, [height, width], strides);
  if (pad) return spreadOver(tf, x, filter, strides, groups, [n, ...sizes], pad);
  const whole = [(rows - 1) * strides[0] + height, (columns - 1) * strides[1] + width] as const;
  const y = spreadOver(tf, x, filter, strides, groups, [n, ...whole], 'valid');
  const ends = [whole[0] - begins[0] - sizes[0], whole[1] - begins[1] - sizes[1]] as const;
  return padded(tf, y, [
    [-begins[0], -ends[0]],
    [-begins[1], -ends[1]],
  ]);
}

function spreadOver(
  tf: Tf,
  x: Tensor4D,
  filter: Tensor4D,
  pair: Pair,
  groups: number,
  images: [number, number, number],
  pad: 'same' | 'valid',
): Tensor4D {
  const [height, width, outputs, inputs] = filter.shape;
  const strides = mutable(pair);
  const compute = (part: Tensor4D, own: Tensor4D) => tf.conv2dTranspose(part, own, [...images, outputs], strides, pad);
  if (groups === 1) return compute(x, filter);
  if (outputs !== 1 || strides[0] !== strides[1]) return byGroup(tf, x, filter, groups, compute);
  const depthwise = tf.reshape(filter, [height, width, groups, inputs / groups]);
  return tf
    .engine()
    .runKernel(
      tf.DepthwiseConv2dNativeBackpropInput,
      { dy: x, filter: depthwise },
      { strides, pad, dilations: [1, 1], inputShape: [...images, groups] },
    );
}

/** The gradient by the filter, [height, width, C / groups, O], of a convolution of x whose result has the gradient dy. */
export function filterGradient(tf: Tf, x: Tensor4D, dy: Tensor4D, window: Window, groups: number): Tensor4D {
  const { kernel, dilations } = window;
  const whole = [reach(kernel[0], dilations[0]), reach(kernel[1], dilations[1])] as const;
  const results = [dy.shape[1], dy.shape[2]] as const;
  const begins = [window.pads[0][0], window.pads[1][0]] as const;
  const pad = paddingOf([x.shape[1], x.shape[2]], results, begins, whole, window.strides);
  const images = pad ? x : padded(tf, x, window.pads);
  const gradient = filterGradientOver(tf, images, dy, whole, window.strides, groups, pad ?? 'valid');
  if (dilations.every((dilation) => dilation === 1)) return gradient;
  // Between the taps are gradients of zeros that are no weights.
  return tf.stridedSlice(gradient, [0, 0, 0, 0], gradient.shape, [...dilations, 1, 1]) as Tensor4D;
}

function filterGradientOver(
  tf: Tf,
  x: Tensor4D,
  dy: Tensor4D,
  kernel: Pair,
  pair: Pair,
  groups: number,
  pad: 'same' | 'valid',
): Tensor4D {
  const strides = mutable(pair);
  const [inputs, outputs] = [x.shape[3] / groups, dy.shape[3]];
  const run = (name: string, image: Tensor4D, own: Tensor4D, filterShape: readonly number[]): Tensor4D =>
    tf
      .engine()
      .runKernel(
        name,
        { x: image, dy: own },
        { strides, pad, dataFormat: 'NHWC', dilations: [1, 1], filterShape: [...filterShape] },
      );
  if (groups === 1) return run(tf.Conv2DBackpropFilter, x, dy, [...kernel, inputs, outputs]);
  if (inputs === 1 && strides[0] === strides[1]) {
    const shape = [...kernel, groups, outputs / groups];
    return tf.reshape(run(tf.DepthwiseConv2dNativeBackpropFilter, x, dy, shape), [...kernel, 1, outputs]);
  }
  return byGroup(tf, x, dy, groups, (image, own) =>
    run(tf.Conv2DBackpropFilter, image, own, [...kernel, inputs, outputs / groups]),
  );
}
