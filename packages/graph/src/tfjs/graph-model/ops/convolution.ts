import type { Value } from '../../../ir/value.js';
import { broadcastOp } from '../../broadcast.js';
import { convolution, depthwiseConvolution, transposedConvolution } from '../../convolution.js';
import type { Operand } from '../../operand.js';
import { defineOp, type TfNode } from '../tf-node.js';
import { fusedTail } from './fused.js';
import { slidingOf } from './window-attributes.js';

type Convolve = typeof convolution;

const plainConvolution = (convolve: Convolve) => (node: TfNode) =>
  convolve(node.e, node.operand(0), node.operand(1), slidingOf(node));

const fusedConvolution = (convolve: Convolve) => (node: TfNode) => {
  const { bias, apply } = fusedTail(node, 2);
  const vector = bias && vectorOf(node, bias);
  const y = convolve(node.e, node.operand(0), node.operand(1), slidingOf(node), vector);
  return apply(bias && !vector ? broadcastOp(node.e, 'Add', [y, bias]) : y);
};

/** A bias of rank 1, as Conv takes it. */
function vectorOf(node: TfNode, bias: Operand): Value | undefined {
  return node.e.shapeOf(bias)?.length === 1 ? node.e.plain(bias) : undefined;
}

export const convolutionOps = [
  defineOp(['Conv2D', 'Conv3D'], plainConvolution(convolution)),
  defineOp('_FusedConv2D', fusedConvolution(convolution)),
  defineOp(['DepthwiseConv2d', 'DepthwiseConv2dNative'], plainConvolution(depthwiseConvolution)),
  defineOp('FusedDepthwiseConv2dNative', fusedConvolution(depthwiseConvolution)),
  defineOp('Conv2DBackpropInput', (node) => {
    const size = node.e.dataOf(node.operand(0));
    if (size?.length !== 4) throw node.error('output shape', '4 dims', size?.length ?? 'an unknown number');
    return transposedConvolution(node.e, node.operand(2), node.operand(1), slidingOf(node), size.slice(1, 3));
  }),
];
