import type { Node } from '@gossamer/graph';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Call } from '../call.js';
import { dilated, spread } from '../convolve.js';
import { fromImages, images } from '../images.js';
import { FLOAT, type TfjsOperator } from '../operator.js';
import { pair, reach, shared } from '../window.js';
import { refusesRank } from './convolution.js';

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

function run(call: Call) {
  const { tf, node } = call;
  const axes = call.shape(0).length - 2;
  const given = node.ints('strides', undefined) ?? new Array<number>(axes).fill(1);
  const dilations = node.ints('dilations', undefined) ?? new Array<number>(axes).fill(1);
  const kernel = call.shape(1).slice(2);
  const sizes = call.shape(0).slice(2);
  const whole = sizes.map((size, axis) => (size - 1) * given[axis]! + reach(kernel[axis]!, dilations[axis]!));
  const cut = surplus(node, sizes, whole, given);
  const target = {
    strides: pair(given, given[0]!),
    begins: pair(
      cut.map(([begin]) => begin),
      0,
    ),
    sizes: pair(
      whole.map((size, axis) => size - cut[axis]![0] - cut[axis]![1]),
      1,
    ),
  };
  const filter = dilated(tf, call.held(1).filter() as Tensor4D, pair(dilations, 1));
  const y = spread(tf, images(call, 0), filter, target, node.int('group', 1));
  const bias = call.optional(2);
  return fromImages(call, bias ? tf.add(y, bias) : y, axes + 2);
}

export const convolutionTransposeOperators: readonly TfjsOperator[] = [
  { op: 'ConvTranspose', types: FLOAT, refuse: refusesRank, run },
];
