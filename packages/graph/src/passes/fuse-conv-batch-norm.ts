import { elementCount, Tensor } from '../ir/tensor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { storeConstant } from '../weights/weight-view.js';
import { isParametric } from './determinism.js';
import { definePass } from './pass.js';
import type { PassScope } from './pass-scope.js';

/**
 * Multiplies a BatchNormalization (inference mode, constant parameters) into the Conv or ConvTranspose before it: with
 * f = scale / sqrt(var + epsilon), W' = f·W and b' = (b - mean)·f + B per output channel, in float64, rounded once to the dtype of W.
 *
 * Not where the convolution's output is read elsewhere or is a graph output, where its weight or bias is not constant, or where a
 * product leaves the range of the dtype. A weight with other readers is copied.
 *
 * Bound, to first order in u, the unit roundoff of the dtype (2^-24 for float32), with K products in a sum and f >= 0 taken absolutely. The
 * runtime's convolution errs by (K+1)·u·A, A = Σ|w·x| + |b|; its f by 2.5u (sum, root, quotient), so the two nodes err by at most
 * u·((K+5.5)·f·A + 5.5·f·|mean| + 2|B|). The fused node rounds each f·w and b' once and sums: (K+2)·u·(f·A + f·|mean| + |B|). Together
 * |fused - original| <= (2K+8)·u·(f·(Σ|w·x| + |b| + |mean|) + |B|).
 * Source: Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018 (arXiv:1712.05877), section 3.2.
 */
export const fuseConvBatchNorm = definePass({
  name: 'fuse-conv-batch-norm',
  exactness: 'reassociates',

  run(_model, context) {
    let changes = 0;
    for (const scope of context.scopes()) {
      for (const node of scope.graph.nodes()) if (isInferenceNorm(node, scope.opset) && fuse(node, scope)) changes++;
    }
    return { changes };
  },
});

/** Training is an attribute `is_test` until opset 6, asked for by more outputs until 13, `training_mode` from 14. */
function isInferenceNorm(node: Node, opset: number): boolean {
  if (!node.isStandard('BatchNormalization') || isParametric(node)) return false;
  if (node.outputs.some((value, index) => index > 0 && value)) return false;
  if (opset < 7 && node.int('is_test', 0) !== 1) return false;
  // Opset 7 and 8 could also normalise each activation for itself.
  if (opset < 9 && node.int('spatial', 1) !== 1) return false;
  return opset < 14 || node.int('training_mode', 0) === 0;
}

interface Affine {
  /** Per output channel: y = factor·z + shift. */
  readonly factor: Float64Array;
  readonly shift: Float64Array;
}

function fuse(norm: Node, scope: PassScope): boolean {
  const { graph } = norm;
  const conv = norm.input(0)?.producer;
  if (!conv || conv.graph !== graph || !isConvolution(conv) || isParametric(conv)) return false;
  if (conv.output.uses.length !== 1 || conv.output.isOutput) return false;
  const affine = affineOf(norm);
  const weight = conv.input(1)?.constant;
  const bias = conv.input(2);
  if (!affine || !weight || (bias && !bias.constant)) return false;
  const channels = affine.factor.length;
  const channelOf = outputChannels(conv, weight);
  if (!channelOf || channelOf.count !== channels || (bias && bias.constant!.length !== channels)) return false;

  const scaled = weight.toFloat64().map((w, i) => w * affine.factor[channelOf.at(i)]!);
  const before = bias?.constant?.toFloat64();
  const shifted = affine.shift.map((shift, c) => (before?.[c] ?? 0) * affine.factor[c]! + shift);
  const newWeight = rounded(weight, weight.dims, scaled);
  const newBias = rounded(weight, [channels], shifted);
  if (!newWeight || !newBias) return false;

  setConstant(conv, 1, newWeight, scope, `${norm.output.name}_weight`);
  setConstant(conv, 2, newBias, scope, `${norm.output.name}_bias`);
  const result = norm.output;
  graph.detachOutput(result, result.name);
  graph.remove(norm);
  graph.setOutput(conv, 0, result);
  return true;
}

const isConvolution = (node: Node): boolean => node.isStandard('Conv') || node.isStandard('ConvTranspose');

function affineOf(norm: Node): Affine | undefined {
  const [scale, bias, mean, variance] = norm.inputs.slice(1).map((value) => value?.constant?.toFloat64());
  if (!scale || !bias || !mean || !variance) return undefined;
  const epsilon = norm.float('epsilon', Math.fround(1e-5));
  const factor = scale.map((s, c) => s / Math.sqrt(variance[c]! + epsilon));
  return { factor, shift: bias.map((b, c) => b - mean[c]! * factor[c]!) };
}

/** Which output channel element i of a weight belongs to: [M, C/g, ...] of Conv, [C, M/g, ...] of ConvTranspose. */
function outputChannels(conv: Node, weight: Tensor): { count: number; at: (index: number) => number } | undefined {
  const { dims } = weight;
  if (dims.length < 3) return undefined;
  const kernel = elementCount(dims.slice(2));
  if (conv.op === 'Conv') {
    const stride = kernel * dims[1]!;
    return { count: dims[0]!, at: (index) => Math.floor(index / stride) };
  }
  const groups = conv.int('group', 1);
  const inGroup = dims[0]! / groups;
  const outGroup = dims[1]!;
  if (!Number.isInteger(inGroup)) return undefined;
  const at = (index: number) => {
    const row = Math.floor(index / kernel);
    return Math.floor(Math.floor(row / outGroup) / inGroup) * outGroup + (row % outGroup);
  };
  return { count: outGroup * groups, at };
}

/** Rounded to the dtype of `like`; undefined when a value leaves its range. */
function rounded(like: Tensor, dims: readonly number[], values: Float64Array): Tensor | undefined {
  const tensor = Tensor.fromNumbers(like.dtype, dims, values);
  return tensor.toFloat64().every(Number.isFinite) ? tensor : undefined;
}

/** Gives slot `index` new data: in the constant it reads when nobody else does, else in one of its own. */
function setConstant(node: Node, index: number, tensor: Tensor, scope: PassScope, name: string): void {
  const value: Value | undefined = node.input(index);
  if (value && value.uses.length === 1 && !value.isOutput) storeConstant(value, tensor);
  else node.graph.setInput(node, index, scope.addConstant(name, tensor, { before: node }));
}
