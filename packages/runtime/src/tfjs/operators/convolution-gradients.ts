import type { Tensor4D } from '@tensorflow/tfjs-core';
import { type Call, first } from '../call.js';
import { dilated, filterGradient, spread } from '../convolve.js';
import { turned } from '../held.js';
import { fromImages, images } from '../images.js';
import { FLOAT, type Result, type TfjsOperator } from '../operator.js';
import { pair, windowOf } from '../window.js';
import { refusesRank } from './convolution.js';

/** dx [n, c, input_shape...] from dy [n, o, ...] and w [o, c / group, ...]. */
function inputGradient(call: Call): Result {
  const { tf, node } = call;
  const shape = node.ints('input_shape', []);
  const window = windowOf(node, shape, call.shape(1).slice(2));
  const filter = dilated(tf, call.held(1).filter() as Tensor4D, window.dilations);
  const target = {
    strides: window.strides,
    begins: [window.pads[0][0], window.pads[1][0]] as const,
    sizes: pair(shape, 1),
  };
  return fromImages(call, spread(tf, images(call, 0), filter, target, node.int('group', 1)), shape.length + 2);
}

/** dw [o, c / group, kernel_shape...] from x [n, c, ...] and dy [n, o, ...]. */
function weightGradient(call: Call): Result {
  const { tf, node } = call;
  const kernel = node.ints('kernel_shape', []);
  const window = windowOf(node, call.shape(0).slice(2), kernel);
  const dw = turned(
    tf,
    filterGradient(tf, images(call, 0), images(call, 1), window, node.int('group', 1)),
    [3, 2, 0, 1],
  );
  return first(tf.reshape(dw, [dw.shape[0]!, dw.shape[1]!, ...kernel]));
}

/** Of the training domain (docs/train.md): kernels in place of their standard bodies. */
export const convolutionGradientOperators: readonly TfjsOperator[] = [
  { op: 'ConvGradInput', domain: 'gossamer.train', types: FLOAT, refuse: refusesRank, run: inputGradient },
  { op: 'ConvGradWeight', domain: 'gossamer.train', types: FLOAT, refuse: refusesRank, run: weightGradient },
];
