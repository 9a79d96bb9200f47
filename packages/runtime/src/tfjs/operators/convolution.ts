import type { Node } from '@gossamer/graph';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Call } from '../call.js';
import { convolve } from '../convolve.js';
import { fromImages, images } from '../images.js';
import { FLOAT, type NodeTypes, type TfjsOperator } from '../operator.js';
import { windowOf } from '../window.js';

/** Convolutions and pools of one and two dimensions. */
export const refusesRank = (node: Node, types: NodeTypes): string | undefined => {
  const rank = types.rankOf(node.input(0));
  return rank === 3 || rank === 4 ? undefined : `operands of rank ${rank ?? 'unknown'}`;
};

function run(call: Call) {
  const { tf, node } = call;
  const window = windowOf(node, call.shape(0).slice(2), call.shape(1).slice(2));
  const y = convolve(tf, images(call, 0), call.held(1).filter() as Tensor4D, window, node.int('group', 1));
  const bias = call.optional(2);
  return fromImages(call, bias ? tf.add(y, bias) : y, call.shape(0).length);
}

export const convolutionOperators: readonly TfjsOperator[] = [{ op: 'Conv', types: FLOAT, refuse: refusesRank, run }];
